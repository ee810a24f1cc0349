// The recurrence over one chunk of tokens for one block of channels (LANES of them), shared by the forward and the
// backward pass.
//
//   h_t = exp(dt_t A) h_{t-1} + dt_t B_t u_t        y_t = C_t h_t + D u_t        (Gu & Dao 2023, algorithm 2)
//
// A chunk's per-token values lie in a `Chunk`, in the first-level cache; a group of GROUP states stays in registers while
// time runs. The forward pass keeps one state a chunk (the checkpoint); the backward pass recomputes the others from it.
#pragma once

#include "exponential.h"
#include "interface.h"
#include "scratch.h"

namespace {

constexpr int CHUNK = 16;  // tokens between checkpoints

// Per-token values of one block. The padding keeps the fields from mapping to the same cache sets.
struct Field {
    float at[CHUNK + 1][LANES];
};

struct alignas(64) Chunk {
    Field dt, driven, y;                                        // step size; dt u; output before the gate
    Field softplus_slope, grad_y, grad_gate, sum_decay, sum_input;  // backward pass only
    float largest_dt;
};

struct Tokens {
    int64_t prompt, first, count;
};

struct Block {
    int64_t channel;  // the first of its channels
    int lanes;        // how many it has
};

INLINE Block block_at(int64_t index, int64_t channels) {
    return {index * LANES, (int)smaller(LANES, channels - index * LANES)};
}

template <class T>
INLINE T* row(const Sequence& s, int64_t prompt, int64_t token) {
    return (T*)s.data + prompt * s.batch_stride + token * s.token_stride;
}

INLINE Vector parameter(const float* p, Block block) { return p ? load(p + block.channel, block.lanes) : Vector{}; }

// (channels, d_state) -> (block, d_state, LANES), so that a state's decay rates are one load: `rates` as they are, `binary`
// times log2(e), for powers of two; then, for each block, the largest magnitude among the latter.
INLINE void arrange_decay(const ScanForward& p, float* rates, float* binary, float* largest) {
    const int64_t channels = p.sizes.channels, n = p.sizes.d_state;
    for (int64_t j = 0; j < ceil_div(channels, LANES); j++) {
        largest[j] = 0;
        for (int64_t state = 0; state < n; state++)
            for (int lane = 0; lane < LANES; lane++) {
                int64_t channel = j * LANES + lane;
                float rate = channel < channels ? p.A[channel * n + state] : 0.f, scaled = rate * LOG2_E;
                float size = scaled < 0 ? -scaled : scaled;
                rates[(j * n + state) * LANES + lane] = rate;
                binary[(j * n + state) * LANES + lane] = scaled;
                largest[j] = size > largest[j] || size != size ? size : largest[j];
            }
    }
}

// (channels, rank) -> (block, rank, LANES)
INLINE void arrange_dt_weight(const ScanForward& p, float* arranged) {
    const int64_t channels = p.sizes.channels, rank = p.sizes.rank;
    for (int64_t j = 0; j < ceil_div(channels, LANES); j++)
        for (int64_t r = 0; r < rank; r++)
            for (int lane = 0; lane < LANES; lane++) {
                int64_t channel = j * LANES + lane;
                arranged[(j * rank + r) * LANES + lane] = channel < channels ? p.dt_weight[channel * rank + r] : 0.f;
            }
}

// The part of a chunk that all its channels share, as float rows (token, d_state) and (token, rank): read once a state and
// token, as broadcasts.
struct Shared {
    float *B, *C, *low;
};

INLINE int64_t shared_floats(const ScanSizes& s) { return whole_lines(CHUNK * s.d_state) * 2 + whole_lines(CHUNK * s.rank); }

INLINE Shared shared_at(float* p, const ScanSizes& s) {
    const int64_t weights = whole_lines(CHUNK * s.d_state);
    return {p, p + weights, p + 2 * weights};
}

template <class T>
INLINE void gather_row(const Sequence& from, Tokens tokens, int64_t width, float* to) {
    for (int64_t t = 0; t < tokens.count; t++)
        for (int64_t k = 0; k < width; k++) to[t * width + k] = to_float(row<T>(from, tokens.prompt, tokens.first + t)[k]);
}

template <class T>
INLINE void gather_shared(const ScanForward& p, Tokens tokens, Shared shared) {
    gather_row<T>(p.B, tokens, p.sizes.d_state, shared.B);
    gather_row<T>(p.C, tokens, p.sizes.d_state, shared.C);
    if (p.sizes.rank) gather_row<T>(p.dt, tokens, p.sizes.rank, shared.low);
}

// What step sizes of low rank are made from: the chunk's numbers, and the block's weights.
struct LowRank {
    const float *low, *weight;
};

constexpr int SIDE_BY_SIDE = 4;  // tokens whose softplus or gate is computed at once

// Everything about N tokens from `t` on that needs no state: step sizes, what drives the state, the skip connection.
template <class T, bool BACKWARD, int N>
INLINE void prepare_tokens(const ScanForward& p, Tokens tokens, int64_t t, Block block, LowRank low_rank, Vector* largest, Chunk& chunk) {
    Vector bias = parameter(p.dt_bias, block), skip = parameter(p.D, block);
    Several<N> u, dt, slope;
    EACH {
        const T* from_u = row<T>(p.u, tokens.prompt, tokens.first + t + i) + block.channel;
        __builtin_prefetch(from_u + 2 * LANES);
        u.at[i] = load(from_u, block.lanes), dt.at[i] = bias, slope.at[i] = broadcast(1.f);
    }
    for (int64_t r = 0; r < p.sizes.rank; r++) {
        Vector weight = load(low_rank.weight + r * LANES);
        EACH dt.at[i] += weight * low_rank.low[(t + i) * p.sizes.rank + r];
    }
    if (!p.sizes.rank) {
        EACH {
            const T* from_dt = row<T>(p.dt, tokens.prompt, tokens.first + t + i) + block.channel;
            __builtin_prefetch(from_dt + 2 * LANES);
            dt.at[i] += load(from_dt, block.lanes);
        }
    }
    if (p.sizes.softplus) dt = softplus(dt, &slope);
    EACH {
        *largest = maximum(magnitude(dt.at[i]), *largest);
        store(chunk.dt.at[t + i], dt.at[i]);
        store(chunk.driven.at[t + i], dt.at[i] * u.at[i]);
        store(chunk.y.at[t + i], u.at[i] * skip);
        if (BACKWARD) store(chunk.softplus_slope.at[t + i], slope.at[i]);
    }
}

template <class T, bool BACKWARD>
INLINE void prepare(const ScanForward& p, Tokens tokens, Block block, LowRank low_rank, Chunk& chunk) {
    Vector largest = {};
    int64_t t = 0;
    for (; t + SIDE_BY_SIDE <= tokens.count; t += SIDE_BY_SIDE)
        prepare_tokens<T, BACKWARD, SIDE_BY_SIDE>(p, tokens, t, block, low_rank, &largest, chunk);
    for (; t < tokens.count; t++) prepare_tokens<T, BACKWARD, 1>(p, tokens, t, block, low_rank, &largest, chunk);
    chunk.largest_dt = max_lane(largest);
}

// What a group of states needs: decay rates times log2(e), and B and C of the chunk from the group's first state on.
struct Group {
    const float *binary_rates, *B, *C;
    int64_t d_state;
};

// GROUP states through a chunk. KEEP stores every decay factor and every state, for the backward pass:
// factors[t] belongs to token t, states[t] is the state before it.
template <int GROUP, bool KEEP, bool SATURATE>
INLINE void advance(const Group& g, int64_t count, float* state, Chunk& chunk, float* factors, float* states) {
    Vector h[GROUP];
#pragma GCC unroll 16
    for (int k = 0; k < GROUP; k++) h[k] = load(state + k * LANES);
    const float *B = g.B, *C = g.C;
    for (int64_t t = 0; t < count; t++, B += g.d_state, C += g.d_state) {
        Vector dt = load(chunk.dt.at[t]), driven = load(chunk.driven.at[t]), y = load(chunk.y.at[t]), y_odd = {};
#pragma GCC unroll 16
        for (int k = 0; k < GROUP; k++) {
            Vector rate = load(g.binary_rates + k * LANES);
            Vector factor = SATURATE ? exp2_product_saturating(dt, rate) : exp2_product(dt, rate);
            if (KEEP) {
                store(factors + (t * GROUP + k) * LANES, factor);
                store(states + (t * GROUP + k) * LANES, h[k]);
            }
            h[k] = factor * h[k] + driven * B[k];
            if (k & 1)
                y_odd += h[k] * C[k];
            else
                y += h[k] * C[k];
        }
        store(chunk.y.at[t], y + y_odd);
    }
#pragma GCC unroll 16
    for (int k = 0; k < GROUP; k++) store(state + k * LANES, h[k]);
}

// The cheap exponential where every exponent is within its bound, the saturating one elsewhere (a NaN takes either).
template <int GROUP, bool KEEP>
INLINE void advance_group(const Group& g, float largest_rate, int64_t count, float* state, Chunk& chunk, float* factors,
                          float* states) {
    if (chunk.largest_dt * largest_rate < EXPONENT_BOUND)
        advance<GROUP, KEEP, false>(g, count, state, chunk, factors, states);
    else
        advance<GROUP, KEEP, true>(g, count, state, chunk, factors, states);
}

// States between (batch, channels, d_state) in memory and (d_state, LANES) in use.
INLINE void read_state(const float* from, const ScanSizes& s, int64_t prompt, Block block, float* to) {
    if (!from) return fill_zero(to, s.d_state * LANES);
    from += (prompt * s.channels + block.channel) * s.d_state;
    for (int64_t k = 0; k < s.d_state; k++)
        for (int lane = 0; lane < LANES; lane++) to[k * LANES + lane] = lane < block.lanes ? from[lane * s.d_state + k] : 0.f;
}

INLINE void write_state(const float* from, const ScanSizes& s, int64_t prompt, Block block, float* to) {
    if (!to) return;
    to += (prompt * s.channels + block.channel) * s.d_state;
    for (int64_t k = 0; k < s.d_state; k++)
        for (int lane = 0; lane < block.lanes; lane++) to[lane * s.d_state + k] = from[k * LANES + lane];
}

// The state before a chunk, as the forward pass keeps it: (prompt, chunk, block, d_state, LANES).
INLINE float* checkpoint(const ScanForward& p, int64_t prompt, int64_t chunk, int64_t block) {
    const int64_t chunks = ceil_div(p.sizes.num_tokens, CHUNK), blocks = ceil_div(p.sizes.channels, LANES);
    return p.checkpoints + ((prompt * chunks + chunk) * blocks + block) * p.sizes.d_state * LANES;
}

}  // namespace
