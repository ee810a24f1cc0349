// The matrix-valued recurrence token by token, forward (the definition is in interface.h).
//
// One prompt and head is one task of one thread, so no result depends on their number. Lanes are channels of the values:
// a token passes over the rows of the state, which stays in the cache, and no sum crosses lanes.
#include "recurrence_chunk.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

// What one token multiplies: rows of d_key numbers, of which `right` and `left` may be absent.
struct Token {
    const float *q, *k, *decay, *left, *right;
};

// One token in N vectors of columns. The state's rows are `stride` apart.
template <int N, bool READ, bool LEFT>
INLINE void advance(const Token& token, int64_t d_key, float* state, int64_t stride, const Vector* v, Vector* y, Vector* read) {
    Vector written[N], sum[N];
    for (int n = 0; n < N; n++) written[n] = v[n], sum[n] = Vector{};
    if constexpr (READ) {
        // One sum would wait for itself: two, of even and odd rows.
        Vector odd[N];
        for (int n = 0; n < N; n++) read[n] = Vector{}, odd[n] = Vector{};
        int64_t i = 0;
        for (; i + 2 <= d_key; i += 2)
            for (int n = 0; n < N; n++) {
                read[n] += token.right[i] * load(state + i * stride + n * LANES);
                odd[n] += token.right[i + 1] * load(state + (i + 1) * stride + n * LANES);
            }
        for (int n = 0; n < N; n++) {
            if (i < d_key) read[n] += token.right[i] * load(state + i * stride + n * LANES);
            read[n] += odd[n];
            if constexpr (!LEFT) written[n] += read[n];
        }
    }
    for (int64_t i = 0; i < d_key; i++)
        for (int n = 0; n < N; n++) {
            float* at = state + i * stride + n * LANES;
            Vector s = token.decay[i] * load(at) + token.k[i] * written[n];
            if constexpr (LEFT) s += token.left[i] * read[n];
            store(at, s);
            sum[n] += token.q[i] * s;
        }
    for (int n = 0; n < N; n++) y[n] = sum[n];
}

template <int N, bool READ, bool LEFT>
INLINE void advance_columns(const Recurrence& p, const Token& token, const float* v, float* y, float* read, float* state, int64_t column) {
    Vector in[N], out[N], seen[N];
    int lanes[N];
    for (int n = 0; n < N; n++) {
        lanes[n] = (int)smaller(LANES, p.d_value - column - n * LANES);
        in[n] = load(v + column + n * LANES, lanes[n]);
    }
    advance<N, READ, LEFT>(token, p.d_key, state + column, in_whole_vectors(p.d_value), in, out, seen);
    for (int n = 0; n < N; n++) {
        store(y + column + n * LANES, out[n], lanes[n]);
        if (READ && read) store(read + column + n * LANES, seen[n], lanes[n]);
    }
}

void keep_state(const Recurrence& p, const float* state, float* to) {
    for (int64_t i = 0; i < p.d_key; i++)
        for (int64_t c = 0; c < p.d_value; c += LANES)
            store(to + i * p.d_value + c, load(state + i * in_whole_vectors(p.d_value) + c), (int)smaller(LANES, p.d_value - c));
}

template <bool READ, bool LEFT>
void forward_head(const Recurrence& p, int64_t prompt, int64_t head, float* memory) {
    const int64_t width = in_whole_vectors(p.d_key), value_width = in_whole_vectors(p.d_value);
    float *state = memory, *decays = state + p.d_key * value_width;
    const float* initial = state_of(p, p.initial_state, prompt, head);
    fill_zero(state, p.d_key * value_width);
    if (initial)
        for (int64_t i = 0; i < p.d_key; i++) copy_row(initial + i * p.d_value, p.d_value, state + i * value_width);
    const Rows q(p.q, prompt, head), k(p.k, prompt, head), v(p.v, prompt, head), y(p.y, prompt, head);
    const Rows left(p.left, prompt, head), right(p.right, prompt, head);
    for (int64_t t = 0; t < p.num_tokens; t++) {
        const int64_t past = t % p.interval;
        if (past == 0) {
            copy_decays(p, {prompt, head, t, smaller(p.interval, p.num_tokens - t)}, decays);
            if (p.checkpoints) keep_state(p, state, checkpoint_of(p, prompt, head, t));
        }
        const Token token = {q[t], k[t], decays + past * width, LEFT ? left[t] : nullptr, READ ? right[t] : nullptr};
        float* read = READ && p.read ? read_of(p, prompt, head, t) : nullptr;
        int64_t c = 0;
        for (; c + LANES < p.d_value; c += 2 * LANES) advance_columns<2, READ, LEFT>(p, token, v[t], y[t], read, state, c);
        if (c < p.d_value) advance_columns<1, READ, LEFT>(p, token, v[t], y[t], read, state, c);
    }
    if (p.final_state) keep_state(p, state, state_of(p, p.final_state, prompt, head));
}

}  // namespace

Status ICL_ISA::recurrence_forward(const Recurrence& p) {
    const int64_t each = whole_lines(p.d_key * in_whole_vectors(p.d_value) + p.interval * in_whole_vectors(p.d_key));
    Scratch memory(p.threads * each);
    if (!memory.data) return STATUS_NO_MEMORY;
    const auto run = p.left.data ? forward_head<true, true> : p.right.data ? forward_head<true, false> : forward_head<false, false>;
#pragma omp parallel for num_threads(p.threads) schedule(dynamic)
    for (int64_t task = 0; task < p.batch * p.num_heads; task++)
        run(p, task / p.num_heads, task % p.num_heads, memory.data + thread_index() * each);
    return STATUS_OK;
}
