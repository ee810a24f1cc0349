// The matrix-valued recurrence, backward (the definition is in interface.h).
//
// With G_t the gradient of S_t, w_t what is written along k_t, and r_t what was read of S_{t-1}:
//
//   G_t += q_t grad_y_t^T     grad_q_t = S_t grad_y_t        grad_k_t = G_t w_t           grad_w_t = G_t^T k_t = grad_v_t
//   grad_left_t = G_t r_t     grad_r_t = G_t^T left_t        grad_right_t = S_{t-1} grad_r_t
//   G_{t-1} = a_t G_t + right_t grad_r_t^T                   grad_log_decay_t = sum over columns of (a_t G_t) S_{t-1}
//
// Without a left, grad_r is grad_w. Lanes are channels of the keys here: only the gradients of what is written cross them,
// LANES columns of the state side by side. States of a chunk are computed again from the checkpoint before it.
#include <type_traits>

#include "recurrence_chunk.h"
#include "transposition.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

// Working memory of one task. Rows of keys are `width` numbers, rows of values `value_width`.
struct Buffers {
    int64_t width, value_width;
    float *q, *k, *left, *right, *decay;                                // inputs of a chunk, (interval, width)
    float *grad_q, *grad_k, *grad_left, *grad_right, *grad_log_decay;   // sums over columns, the same
    float *written, *read, *grad_y;                                     // (interval, value_width)
    float* states;                                                      // before each token and after the last, (interval + 1, LANES, width)
    float* carried;                                                     // G, (value_width, width)

    static int64_t floats(const Recurrence& p) {
        const int64_t width = in_whole_vectors(p.d_key), value_width = in_whole_vectors(p.d_value);
        return p.interval * (10 * width + 3 * value_width) + ((p.interval + 1) * LANES + value_width) * width;
    }

    Buffers(const Recurrence& p, float* memory) : width(in_whole_vectors(p.d_key)), value_width(in_whole_vectors(p.d_value)) {
        for (float** part : {&q, &k, &left, &right, &decay, &grad_q, &grad_k, &grad_left, &grad_right, &grad_log_decay}) {
            *part = memory;
            memory += p.interval * width;
        }
        for (float** part : {&written, &read, &grad_y}) {
            *part = memory;
            memory += p.interval * value_width;
        }
        states = memory;
        carried = states + (p.interval + 1) * LANES * width;
    }
};

INLINE void add(float* to, Vector x) { store(to, load(to) + x); }

// LANES columns of a (d_key, d_value) matrix, the first of which is `column`, as rows; zeros where there are none.
INLINE void columns_as_rows(const Recurrence& p, const float* matrix, int64_t column, float* to, int64_t width) {
    const int lanes = (int)smaller(LANES, p.d_value - column);
    for (int64_t i = 0; i < width; i += LANES) {
        Vector block[LANES];
        for (int n = 0; n < LANES; n++)
            block[n] = i + n < p.d_key ? load(matrix + (i + n) * p.d_value + column, lanes) : Vector{};
        transpose_step<1>(block);
        for (int n = 0; n < LANES; n++) store(to + n * width + i, block[n]);
    }
}

INLINE void rows_as_columns(const Recurrence& p, const float* from, int64_t width, int64_t column, float* matrix) {
    const int lanes = (int)smaller(LANES, p.d_value - column);
    for (int64_t i = 0; i < width; i += LANES) {
        Vector block[LANES];
        for (int n = 0; n < LANES; n++) block[n] = load(from + n * width + i);
        transpose_step<1>(block);
        for (int n = 0; n < smaller(LANES, p.d_key - i); n++) store(matrix + (i + n) * p.d_value + column, block[n], lanes);
    }
}

// The columns [first, first + count) of the state, `count` at most LANES.
struct Columns {
    int64_t first, count;
};

// The states after a token, in N vectors of channels from `c` on, and what the gradient of its query gets from these columns.
template <int N, bool LEFT>
INLINE void advance(const Buffers& b, Columns columns, int64_t t, int64_t c) {
    const int64_t at = t * b.width + c, value = t * b.value_width + columns.first;
    Vector k[N], a[N], left[N], sum_q[N];
    for (int n = 0; n < N; n++) {
        k[n] = load(b.k + at + n * LANES), a[n] = load(b.decay + at + n * LANES), sum_q[n] = Vector{};
        left[n] = LEFT ? load(b.left + at + n * LANES) : Vector{};
    }
    const float* old = b.states + t * LANES * b.width + c;
    float* state = b.states + (t + 1) * LANES * b.width + c;
    for (int64_t j = 0; j < columns.count; j++)
        for (int n = 0; n < N; n++) {
            Vector s = a[n] * load(old + j * b.width + n * LANES) + k[n] * b.written[value + j];
            if constexpr (LEFT) s += left[n] * b.read[value + j];
            store(state + j * b.width + n * LANES, s);
            sum_q[n] += b.grad_y[value + j] * s;
        }
    for (int n = 0; n < N; n++) add(b.grad_q + at + n * LANES, sum_q[n]);
}

// G takes up what the token's output says; then the gradients of k and left, and the terms of those of w and r.
template <int N, bool LEFT>
INLINE void take_up(const Buffers& b, Columns columns, int64_t t, int64_t c, Vector* terms_w, Vector* terms_r) {
    const int64_t at = t * b.width + c, value = t * b.value_width + columns.first;
    Vector q[N], k[N], left[N], sum_k[N], sum_left[N];
    for (int n = 0; n < N; n++) {
        q[n] = load(b.q + at + n * LANES), k[n] = load(b.k + at + n * LANES), sum_k[n] = Vector{}, sum_left[n] = Vector{};
        left[n] = LEFT ? load(b.left + at + n * LANES) : Vector{};
    }
    float* carried = b.carried + columns.first * b.width + c;
    for (int64_t j = 0; j < columns.count; j++) {
        Vector term_w = c ? terms_w[j] : Vector{}, term_r = LEFT && c ? terms_r[j] : Vector{};
        for (int n = 0; n < N; n++) {
            float* to = carried + j * b.width + n * LANES;
            Vector g = load(to) + q[n] * b.grad_y[value + j];
            store(to, g);
            sum_k[n] += g * b.written[value + j];
            term_w += g * k[n];
            if constexpr (LEFT) sum_left[n] += g * b.read[value + j], term_r += g * left[n];
        }
        terms_w[j] = term_w;
        if constexpr (LEFT) terms_r[j] = term_r;
    }
    for (int n = 0; n < N; n++) {
        add(b.grad_k + at + n * LANES, sum_k[n]);
        if constexpr (LEFT) add(b.grad_left + at + n * LANES, sum_left[n]);
    }
}

// G goes back through the token's decay and through what it read, with the gradients of both.
template <int N, bool READ>
INLINE void go_back(const Buffers& b, Columns columns, int64_t t, int64_t c, const float* grad_read) {
    const int64_t at = t * b.width + c;
    Vector a[N], right[N], sum_decay[N], sum_right[N];
    for (int n = 0; n < N; n++) {
        a[n] = load(b.decay + at + n * LANES), sum_decay[n] = Vector{}, sum_right[n] = Vector{};
        right[n] = READ ? load(b.right + at + n * LANES) : Vector{};
    }
    const float* old = b.states + t * LANES * b.width + c;
    float* carried = b.carried + columns.first * b.width + c;
    for (int64_t j = 0; j < columns.count; j++)
        for (int n = 0; n < N; n++) {
            float* to = carried + j * b.width + n * LANES;
            Vector g = a[n] * load(to), s = load(old + j * b.width + n * LANES);
            sum_decay[n] += g * s;
            if constexpr (READ) sum_right[n] += s * grad_read[j], g += right[n] * grad_read[j];
            store(to, g);
        }
    for (int n = 0; n < N; n++) {
        add(b.grad_log_decay + at + n * LANES, sum_decay[n]);
        if constexpr (READ) add(b.grad_right + at + n * LANES, sum_right[n]);
    }
}

// Calls f(how many vectors, first channel) for all vectors of a row, two at a time.
template <class F>
INLINE void each_pair(int64_t width, F f) {
    int64_t c = 0;
    for (; c + 2 * LANES <= width; c += 2 * LANES) f(std::integral_constant<int, 2>(), c);
    if (c < width) f(std::integral_constant<int, 1>(), c);
}

// What a chunk reads, and sums that are still zero.
template <bool READ, bool LEFT>
INLINE void gather(const Recurrence& p, Run run, const Buffers& b) {
    copy_in(p.q, run, p.d_key, b.q);
    copy_in(p.k, run, p.d_key, b.k);
    if (LEFT) copy_in(p.left, run, p.d_key, b.left);
    if (READ) copy_in(p.right, run, p.d_key, b.right);
    copy_decays(p, run, b.decay);
    for (float* sums : {b.grad_q, b.grad_k, b.grad_left, b.grad_right, b.grad_log_decay}) fill_zero(sums, run.count * b.width);
    copy_in(p.v, run, p.d_value, b.written);
    copy_in(p.grad_y, run, p.d_value, b.grad_y);
    if (!READ) return;
    for (int64_t t = 0; t < run.count; t++) {
        float *read = b.read + t * b.value_width, *written = b.written + t * b.value_width;
        copy_row(read_of(p, run.prompt, run.head, run.first + t), p.d_value, read);
        if (!LEFT)
            for (int64_t c = 0; c < b.value_width; c += LANES) add(written + c, load(read + c));
    }
}

template <bool READ, bool LEFT>
INLINE void scatter(const Recurrence& p, Run run, const Buffers& b) {
    copy_out(b.grad_q, p.d_key, p.grad_q, run);
    copy_out(b.grad_k, p.d_key, p.grad_k, run);
    if (LEFT) copy_out(b.grad_left, p.d_key, p.grad_left, run);
    if (READ) copy_out(b.grad_right, p.d_key, p.grad_right, run);
    if (p.decay_channels) return copy_out(b.grad_log_decay, p.d_key, p.grad_log_decay, run);
    const Rows to(p.grad_log_decay, run.prompt, run.head);
    for (int64_t t = 0; t < run.count; t++) {
        Vector sum = {};  // channels past the last have states of zero
        for (int64_t c = 0; c < b.width; c += LANES) sum += load(b.grad_log_decay + t * b.width + c);
        *to[run.first + t] = sum_lanes(sum);
    }
}

// Some columns of the state through one chunk: forward from the checkpoint, then back.
template <bool READ, bool LEFT>
INLINE void sweep(const Recurrence& p, Run run, const Buffers& b, Columns columns) {
    columns_as_rows(p, checkpoint_of(p, run.prompt, run.head, run.first), columns.first, b.states, b.width);
    for (int64_t t = 0; t < run.count; t++)
        each_pair(b.width, [&](auto n, int64_t c) __attribute__((always_inline)) { advance<n.value, LEFT>(b, columns, t, c); });
    const Rows grad_v(p.grad_v, run.prompt, run.head);
    Vector terms_w[LANES] = {}, terms_r[LANES] = {};
    float grad_read[LANES];
    for (int64_t t = run.count - 1; t >= 0; t--) {
        each_pair(b.width, [&](auto n, int64_t c) __attribute__((always_inline)) {
            take_up<n.value, LEFT>(b, columns, t, c, terms_w, terms_r);
        });
        const Vector grad_written = sums_of_lanes(terms_w);
        store(grad_v[run.first + t] + columns.first, grad_written, (int)columns.count);
        if (READ) store(grad_read, LEFT ? sums_of_lanes(terms_r) : grad_written);
        each_pair(b.width, [&](auto n, int64_t c) __attribute__((always_inline)) { go_back<n.value, READ>(b, columns, t, c, grad_read); });
    }
}

template <bool READ, bool LEFT>
void backward_head(const Recurrence& p, int64_t prompt, int64_t head, float* memory) {
    const Buffers b(p, memory);
    const float* grad_final = state_of(p, p.grad_final_state, prompt, head);
    float* grad_initial = state_of(p, p.grad_initial_state, prompt, head);
    fill_zero(b.carried, b.value_width * b.width);
    if (grad_final)
        for (int64_t j = 0; j < p.d_value; j += LANES) columns_as_rows(p, grad_final, j, b.carried + j * b.width, b.width);
    for (int64_t first = (p.num_tokens - 1) / p.interval * p.interval; first >= 0; first -= p.interval) {
        const Run run = {prompt, head, first, smaller(p.interval, p.num_tokens - first)};
        gather<READ, LEFT>(p, run, b);
        for (int64_t j = 0; j < p.d_value; j += LANES) sweep<READ, LEFT>(p, run, b, {j, smaller(LANES, p.d_value - j)});
        scatter<READ, LEFT>(p, run, b);
    }
    if (grad_initial)
        for (int64_t j = 0; j < p.d_value; j += LANES) rows_as_columns(p, b.carried + j * b.width, b.width, j, grad_initial);
}

}  // namespace

Status ICL_ISA::recurrence_backward(const Recurrence& p) {
    const int64_t each = whole_lines(Buffers::floats(p));
    Scratch memory(p.threads * each);
    if (!memory.data) return STATUS_NO_MEMORY;
    const auto run = p.left.data ? backward_head<true, true> : p.right.data ? backward_head<true, false> : backward_head<false, false>;
#pragma omp parallel for num_threads(p.threads) schedule(dynamic)
    for (int64_t task = 0; task < p.batch * p.num_heads; task++)
        run(p, task / p.num_heads, task % p.num_heads, memory.data + thread_index() * each);
    return STATUS_OK;
}
