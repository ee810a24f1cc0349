// Backward pass of the selective scan. Chunks run from the last to the first: a chunk's states are recomputed from its
// checkpoint, then time runs backwards through them.
//
// With g_t the gradient of y_t before the gate, and lambda_t that of h_t,
//   lambda_t = C_t g_t + exp(dt_{t+1} A) lambda_{t+1}
//   dC_t = sum_channels g_t h_t             dB_t = sum_channels lambda_t dt_t u_t
//   dA   = sum_t lambda_t a_t h_{t-1} dt_t  d(dt_t) = sum_states lambda_t (a_t h_{t-1} A + B_t u_t)   with a_t = exp(dt_t A).
//
// States are taken GROUP at a time through all channel blocks: the sums of dB and dC over channels then stay in the
// first-level cache, and are added up across lanes once a chunk.
#include "scan_chunk.h"

DECLARE_KERNELS(ICL_ISA)

namespace {

constexpr int GROUP = 4;

// Gradients of parameters, summed over a group of prompts: (block, d_state + 2 + rank, LANES), for A, D, dt_bias and dt_weight.
INLINE int64_t parameter_rows(const ScanSizes& s) { return s.d_state + 2 + s.rank; }
INLINE int64_t parameter_floats(const ScanSizes& s) { return parameter_rows(s) * LANES; }

// Gradients that a token's channels sum up to: those of B, of C, and of the step sizes of low rank.
INLINE int64_t token_sums(const ScanSizes& s) { return 2 * s.d_state + s.rank; }

struct Workspace {
    const float *rates, *binary_rates, *largest_rate, *dt_weight;  // of all threads
    float* parameters;                       // this prompt group's
    float* weight_sums;                      // (channel group, batch, num_tokens, token_sums), or null if there is one group
    Chunk* chunks;                           // from here on one thread's: one for each block of a group
    float *carried;                          // lambda on its way to the previous chunk: (block, d_state, LANES)
    Shared shared;
    float *sums_B, *sums_C, *sums_low;       // gradients of what is shared, not yet summed across lanes
};

// What flows back into N tokens from `t` on: through the gate, and into it (that still lacks the output before the gate).
template <class T, int N>
INLINE void prepare_gradients(const ScanBackward& p, Tokens tokens, int64_t t, Block block, Chunk& chunk) {
    Several<N> g, z;
    EACH {
        const T* from = row<T>(p.grad_y, tokens.prompt, tokens.first + t + i) + block.channel;
        __builtin_prefetch(from + 2 * LANES);
        g.at[i] = load(from, block.lanes);
    }
    if (p.forward.z.data) {
        EACH {
            const T* from = row<T>(p.forward.z, tokens.prompt, tokens.first + t + i) + block.channel;
            __builtin_prefetch(from + 2 * LANES);
            z.at[i] = load(from, block.lanes);
        }
        Several<N> s = sigmoid(z), gate = z * s, slope = gate * (s * -1.f + 1.f) + s;
        EACH store(chunk.grad_gate.at[t + i], g.at[i] * slope.at[i]);
        g = g * gate;
    }
    EACH {
        store(chunk.grad_y.at[t + i], g.at[i]);
        store(chunk.sum_decay.at[t + i], Vector{});
        store(chunk.sum_input.at[t + i], Vector{});
    }
}

template <class T>
INLINE void prepare_backward(const ScanBackward& p, Tokens tokens, Block block, LowRank low_rank, Chunk& chunk) {
    prepare<T, true>(p.forward, tokens, block, low_rank, chunk);
    int64_t t = 0;
    for (; t + SIDE_BY_SIDE <= tokens.count; t += SIDE_BY_SIDE) prepare_gradients<T, SIDE_BY_SIDE>(p, tokens, t, block, chunk);
    for (; t < tokens.count; t++) prepare_gradients<T, 1>(p, tokens, t, block, chunk);
}

// STATES states of one block, backwards through a chunk whose decay factors and states were just recomputed.
template <int STATES>
INLINE void retreat(const Group& g, const float* rates, int64_t count, const float* last_state, const float* factors, const float* states,
                    Chunk& chunk, float* carried, float* grad_rate, float* sums_B, float* sums_C) {
    Vector lambda[STATES], rate_sum[STATES], rate[STATES], h[STATES];
#pragma GCC unroll 8
    for (int k = 0; k < STATES; k++) {
        lambda[k] = load(carried + k * LANES);
        rate_sum[k] = load(grad_rate + k * LANES);
        rate[k] = load(rates + k * LANES);
        h[k] = load(last_state + k * LANES);
    }
    for (int64_t t = count - 1; t >= 0; t--) {
        Vector dt = load(chunk.dt.at[t]), driven = load(chunk.driven.at[t]), grad_y = load(chunk.grad_y.at[t]);
        Vector sum_decay = load(chunk.sum_decay.at[t]), sum_input = load(chunk.sum_input.at[t]);
        const float *B = g.B + t * g.d_state, *C = g.C + t * g.d_state;
#pragma GCC unroll 8
        for (int k = 0; k < STATES; k++) {
            const int64_t at = (t * STATES + k) * LANES;
            store(sums_C + at, load(sums_C + at) + grad_y * h[k]);
            Vector total = lambda[k] + grad_y * C[k];
            sum_input += total * B[k];
            store(sums_B + at, load(sums_B + at) + total * driven);
            lambda[k] = total * load(factors + at);
            h[k] = load(states + at);
            Vector through_decay = lambda[k] * h[k];
            sum_decay += through_decay * rate[k];
            rate_sum[k] += through_decay * dt;
        }
        store(chunk.sum_decay.at[t], sum_decay);
        store(chunk.sum_input.at[t], sum_input);
    }
#pragma GCC unroll 8
    for (int k = 0; k < STATES; k++) {
        store(carried + k * LANES, lambda[k]);
        store(grad_rate + k * LANES, rate_sum[k]);
    }
}

// States [first, first + STATES) of all blocks of the range through one chunk; then their dB and dC.
template <class T, int STATES>
INLINE void sweep(const ScanBackward& p, const Workspace& w, Tokens tokens, Range blocks, int64_t group, int64_t first) {
    const ScanSizes& s = p.forward.sizes;
    const int64_t n = s.d_state, c = tokens.first / CHUNK;
    alignas(64) float factors[CHUNK * STATES * LANES], states[CHUNK * STATES * LANES], state[STATES * LANES];
    fill_zero(w.sums_B, CHUNK * STATES * LANES);
    fill_zero(w.sums_C, CHUNK * STATES * LANES);
    for (int64_t j = blocks.begin; j < blocks.end; j++) {
        Group g = {w.binary_rates + (j * n + first) * LANES, w.shared.B + first, w.shared.C + first, n};
        Chunk& chunk = w.chunks[j - blocks.begin];
        const float* kept = checkpoint(p.forward, tokens.prompt, c, j) + first * LANES;
        memcpy(state, kept, sizeof state);
        for (int k = 0; k < STATES; k++) __builtin_prefetch(kept + (n + k) * LANES);
        advance_group<STATES, true>(g, w.largest_rate[j], tokens.count, state, chunk, factors, states);
        retreat<STATES>(g, w.rates + (j * n + first) * LANES, tokens.count, state, factors, states, chunk, w.carried + (j * n + first) * LANES,
                        w.parameters + j * parameter_floats(s) + first * LANES, w.sums_B, w.sums_C);
    }
    for (int64_t t = 0; t < tokens.count; t++)
        for (int k = 0; k < STATES; k++) {
            const int64_t at = (t * STATES + k) * LANES, token = tokens.first + t;
            float sum_B = sum_lanes(load(w.sums_B + at)), sum_C = sum_lanes(load(w.sums_C + at));
            if (w.weight_sums) {
                float* to = w.weight_sums + ((group * s.batch + tokens.prompt) * s.num_tokens + token) * token_sums(s) + first + k;
                to[0] = sum_B, to[n] = sum_C;
            } else {
                store_scalar(row<T>(p.grad_B, tokens.prompt, token) + first + k, sum_B);
                store_scalar(row<T>(p.grad_C, tokens.prompt, token) + first + k, sum_C);
            }
        }
}

// Gradients of step sizes of low rank, and of the weights they are multiplied by, from those of the step sizes themselves.
INLINE void finish_low_rank(LowRank low_rank, int64_t rank, int64_t count, const Field& grad_dt, float* grad_weight, float* sums_low) {
    for (int64_t r = 0; r < rank; r++) {
        Vector weight = load(low_rank.weight + r * LANES), sum = load(grad_weight + r * LANES);
        for (int64_t t = 0; t < count; t++) {
            Vector g = load(grad_dt.at[t]);
            float* to = sums_low + (t * rank + r) * LANES;
            sum += g * low_rank.low[t * rank + r];
            store(to, load(to) + g * weight);
        }
        store(grad_weight + r * LANES, sum);
    }
}

template <class T>
INLINE void finish(const ScanBackward& p, const Workspace& w, Tokens tokens, int64_t j, Chunk& chunk) {
    const ScanForward& f = p.forward;
    const ScanSizes& s = f.sizes;
    const Block block = block_at(j, s.channels);
    float *at_D = w.parameters + j * parameter_floats(s) + s.d_state * LANES, *at_bias = at_D + LANES;
    Vector skip = parameter(f.D, block), grad_D = load(at_D), grad_bias = load(at_bias);
    for (int64_t t = 0; t < tokens.count; t++) {
        const int64_t token = tokens.first + t;
        Vector u = load(row<T>(f.u, tokens.prompt, token) + block.channel, block.lanes);
        Vector grad_y = load(chunk.grad_y.at[t]), sum_input = load(chunk.sum_input.at[t]);
        Vector grad_dt = (load(chunk.sum_decay.at[t]) + sum_input * u) * load(chunk.softplus_slope.at[t]);
        Vector grad_u = grad_y * skip + sum_input * load(chunk.dt.at[t]);
        grad_D += grad_y * u;
        grad_bias += grad_dt;
        if (s.rank) {
            store(chunk.sum_decay.at[t], grad_dt);
        } else {
            T* to_dt = row<T>(p.grad_dt, tokens.prompt, token) + block.channel;
            __builtin_prefetch(to_dt + 2 * LANES, 1);
            store(to_dt, grad_dt, block.lanes);
        }
        T* to_u = row<T>(p.grad_u, tokens.prompt, token) + block.channel;
        __builtin_prefetch(to_u + 2 * LANES, 1);
        store(to_u, grad_u, block.lanes);
        if (f.z.data) {
            T* to_z = row<T>(p.grad_z, tokens.prompt, token) + block.channel;
            __builtin_prefetch(to_z + 2 * LANES, 1);
            store(to_z, load(chunk.grad_gate.at[t]) * load(chunk.y.at[t]), block.lanes);
        }
    }
    store(at_D, grad_D);
    store(at_bias, grad_bias);
    LowRank low_rank = {w.shared.low, w.dt_weight + j * s.rank * LANES};
    finish_low_rank(low_rank, s.rank, tokens.count, chunk.sum_decay, at_bias + LANES, w.sums_low);
}

// The sums over channels that belong to step sizes of low rank.
template <class T>
INLINE void write_low_rank(const ScanBackward& p, const Workspace& w, Tokens tokens, int64_t group) {
    const ScanSizes& s = p.forward.sizes;
    for (int64_t t = 0; t < tokens.count; t++)
        for (int64_t r = 0; r < s.rank; r++) {
            const int64_t token = tokens.first + t;
            float sum = sum_lanes(load(w.sums_low + (t * s.rank + r) * LANES));
            if (w.weight_sums)
                w.weight_sums[((group * s.batch + tokens.prompt) * s.num_tokens + token) * token_sums(s) + 2 * s.d_state + r] = sum;
            else
                store_scalar(row<T>(p.grad_dt, tokens.prompt, token) + r, sum);
        }
}

template <class T>
void scan_prompt(const ScanBackward& p, const Workspace& w, int64_t prompt, Range blocks, int64_t group) {
    const ScanSizes& s = p.forward.sizes;
    const int64_t n = s.d_state;
    for (int64_t j = blocks.begin; j < blocks.end; j++)
        read_state(p.grad_final_state, s, prompt, block_at(j, s.channels), w.carried + j * n * LANES);
    for (int64_t c = ceil_div(s.num_tokens, CHUNK) - 1; c >= 0; c--) {
        Tokens tokens = {prompt, c * CHUNK, smaller(CHUNK, s.num_tokens - c * CHUNK)};
        gather_shared<T>(p.forward, tokens, w.shared);
        fill_zero(w.sums_low, CHUNK * s.rank * LANES);
        for (int64_t j = blocks.begin; j < blocks.end; j++) {
            LowRank low_rank = {w.shared.low, w.dt_weight + j * s.rank * LANES};
            prepare_backward<T>(p, tokens, block_at(j, s.channels), low_rank, w.chunks[j - blocks.begin]);
        }
        int64_t first = 0;
        for (; first + GROUP <= n; first += GROUP) sweep<T, GROUP>(p, w, tokens, blocks, group, first);
        for (; first < n; first++) sweep<T, 1>(p, w, tokens, blocks, group, first);
        for (int64_t j = blocks.begin; j < blocks.end; j++) finish<T>(p, w, tokens, j, w.chunks[j - blocks.begin]);
        write_low_rank<T>(p, w, tokens, group);
    }
    for (int64_t j = blocks.begin; j < blocks.end; j++)
        write_state(w.carried + j * n * LANES, s, prompt, block_at(j, s.channels), p.grad_initial_state);
}

// Gradients of A, D, dt_bias and dt_weight: the prompt groups' sums, added in their order.
void add_parameters(const ScanBackward& p, const float* partial, Division d, int64_t blocks) {
    const ScanSizes& s = p.forward.sizes;
    const int64_t n = s.d_state, per_group = blocks * parameter_floats(s);
    for (int64_t j = 0; j < blocks; j++)
        for (int64_t k = 0; k < parameter_rows(s); k++) {
            Vector sum = {};
            for (int64_t i = 0; i < d.prompt_groups; i++) sum += load(partial + i * per_group + (j * parameter_rows(s) + k) * LANES);
            float lanes[LANES];
            store(lanes, sum);
            Block block = block_at(j, s.channels);
            for (int lane = 0; lane < block.lanes; lane++) {
                int64_t channel = block.channel + lane;
                if (k < n)
                    p.grad_A[channel * n + k] = lanes[lane];
                else if (k == n && p.grad_D)
                    p.grad_D[channel] = lanes[lane];
                else if (k == n + 1 && p.grad_dt_bias)
                    p.grad_dt_bias[channel] = lanes[lane];
                else if (k > n + 1)
                    p.grad_dt_weight[channel * s.rank + k - n - 2] = lanes[lane];
            }
        }
}

// Gradients of B, C and step sizes of low rank: the channel groups' sums, added in their order.
template <class T>
void add_weights(const ScanBackward& p, const float* sums, int64_t channel_groups) {
    const ScanSizes& s = p.forward.sizes;
    const int64_t n = s.d_state, rows = s.batch * s.num_tokens, width = token_sums(s);
#pragma omp parallel for num_threads(s.threads) schedule(static)
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < width; k++) {
            const Sequence& to = k < n ? p.grad_B : k < 2 * n ? p.grad_C : p.grad_dt;
            float sum = 0;
            for (int64_t g = 0; g < channel_groups; g++) sum += sums[(g * rows + r) * width + k];
            store_scalar(row<T>(to, r / s.num_tokens, r % s.num_tokens) + (k < 2 * n ? k % n : k - 2 * n), sum);
        }
}

template <class T>
Status run(const ScanBackward& p) {
    const ScanSizes& s = p.forward.sizes;
    const int64_t n = s.d_state, blocks = ceil_div(s.channels, LANES), state_floats = blocks * n * LANES;
    const Division d = divide(s.batch, blocks);
    const int64_t per_group = blocks * parameter_floats(s), sums = CHUNK * GROUP * LANES;
    const int64_t chunk_floats = ceil_div(blocks, d.channel_groups) * (int64_t)sizeof(Chunk) / 4;
    const int64_t per_thread = whole_lines(chunk_floats + state_floats + shared_floats(s) + 2 * sums + CHUNK * s.rank * LANES);
    const int64_t weight_sums = d.channel_groups > 1 ? d.channel_groups * s.batch * s.num_tokens * token_sums(s) : 0;
    Scratch rates(2 * state_floats + blocks), partial(d.prompt_groups * per_group), own(per_thread * s.threads), wide(weight_sums);
    Scratch dt_weight(blocks * s.rank * LANES);
    if (!rates.data || !partial.data || !own.data || !wide.data || !dt_weight.data) return STATUS_NO_MEMORY;
    float *binary_rates = rates.data + state_floats, *largest_rate = binary_rates + state_floats;
    arrange_decay(p.forward, rates.data, binary_rates, largest_rate);
    arrange_dt_weight(p.forward, dt_weight.data);
#pragma omp parallel num_threads(s.threads)
    {
        float* mine = own.data + per_thread * thread_index();
        Workspace w;
        w.rates = rates.data;
        w.binary_rates = binary_rates;
        w.largest_rate = largest_rate;
        w.dt_weight = dt_weight.data;
        w.weight_sums = weight_sums ? wide.data : nullptr;
        w.chunks = (Chunk*)mine;
        w.carried = mine + chunk_floats;
        w.shared = shared_at(w.carried + state_floats, s);
        w.sums_B = w.carried + state_floats + shared_floats(s);
        w.sums_C = w.sums_B + sums;
        w.sums_low = w.sums_C + sums;
#pragma omp for schedule(dynamic)
        for (int64_t task = 0; task < d.prompt_groups * d.channel_groups; task++) {
            const int64_t i = task / d.channel_groups, g = task % d.channel_groups;
            const Range prompts = part_of(s.batch, i, d.prompt_groups), range = part_of(blocks, g, d.channel_groups);
            w.parameters = partial.data + i * per_group;
            fill_zero(w.parameters + range.begin * parameter_floats(s), (range.end - range.begin) * parameter_floats(s));
            for (int64_t prompt = prompts.begin; prompt < prompts.end; prompt++) scan_prompt<T>(p, w, prompt, range, g);
        }
    }
    add_parameters(p, partial.data, d, blocks);
    if (weight_sums) add_weights<T>(p, wide.data, d.channel_groups);
    return STATUS_OK;
}

}  // namespace

Status ICL_ISA::scan_backward(const ScanBackward& p) {
    return p.forward.sizes.storage == STORAGE_BFLOAT16 ? run<bfloat16>(p) : run<float>(p);
}
