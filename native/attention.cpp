// Causal softmax attention, forward and backward, for the short sequences and small heads that BLAS is slow at.
//
//   s_ij = scale q_i k_j for i - window < j <= i      p_i = softmax(s_i)      y_i = sum_j p_ij v_j
//
// One prompt and head is one task of one thread, so no result depends on their number. A task copies its queries, keys
// and values to float, some transposed, and is then six small matrix products, all done by `product`: a block of ROWS rows
// against two vectors of columns, which stays in registers. Only the part below the diagonal is computed.
#include <limits>

#include "exponential.h"
#include "interface.h"
#include "scratch.h"
#include "transposition.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

constexpr int ROWS = LANES == 16 ? 8 : 4;  // with two vectors each, as many sums as registers allow
constexpr int64_t STEP = 16;               // columns are computed in whole steps: a multiple of LANES and of ROWS
constexpr int64_t QUERIES = 32;            // queries whose p and ds are kept at a time in the backward pass
constexpr int64_t PREFETCH = 8;            // rows ahead

INLINE int64_t round_up(int64_t x, int64_t unit) { return ceil_div(x, unit) * unit; }

// out (ROWS, VECTORS * LANES) = or += a (ROWS, inner) b (inner, VECTORS * LANES); a has any two strides.
template <int VECTORS, bool ADD>
INLINE void product_block(const float* a, int64_t a_row, int64_t a_inner, const float* b, int64_t b_inner, int64_t inner,
                          float* out, int64_t out_row) {
    Vector sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++) sum[r][v] = ADD ? load(out + r * out_row + v * LANES) : Vector{};
    int64_t n = 0;
    if constexpr (VECTORS == 1) {
        // One sum a row would wait for itself: two, of even and odd terms.
        Vector odd[ROWS];
        for (int r = 0; r < ROWS; r++) odd[r] = Vector{};
        for (; n + 2 <= inner; n += 2) {
            Vector even_row = load(b + n * b_inner), odd_row = load(b + (n + 1) * b_inner);
            for (int r = 0; r < ROWS; r++) {
                sum[r][0] += broadcast(a[r * a_row + n * a_inner]) * even_row;
                odd[r] += broadcast(a[r * a_row + (n + 1) * a_inner]) * odd_row;
            }
        }
        for (int r = 0; r < ROWS; r++) sum[r][0] += odd[r];
    }
    for (; n < inner; n++) {
        Vector row[VECTORS];
        for (int v = 0; v < VECTORS; v++) row[v] = load(b + n * b_inner + v * LANES);
        for (int r = 0; r < ROWS; r++) {
            Vector factor = broadcast(a[r * a_row + n * a_inner]);
            for (int v = 0; v < VECTORS; v++) sum[r][v] += factor * row[v];
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++) store(out + r * out_row + v * LANES, sum[r][v]);
}

// The same for any number of columns that is a multiple of LANES.
template <bool ADD>
INLINE void product(const float* a, int64_t a_row, int64_t a_inner, const float* b, int64_t b_inner, int64_t inner,
                    float* out, int64_t out_row, int64_t columns) {
    int64_t j = 0;
    for (; j + 2 * LANES <= columns; j += 2 * LANES)
        product_block<2, ADD>(a, a_row, a_inner, b + j, b_inner, inner, out + j, out_row);
    if (j < columns) product_block<1, ADD>(a, a_row, a_inner, b + j, b_inner, inner, out + j, out_row);
}

INLINE float largest(Vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#else
    return max_lane(v);
#endif
}

// (rows, width) floats to (width, columns), zeros past the last row; rows is a multiple of LANES, width and columns are too.
INLINE void transpose(const float* x, int64_t rows, int64_t width, float* out, int64_t columns) {
    for (int64_t t = 0; t < columns; t += LANES)
        for (int64_t c = 0; c < width; c += LANES) {
            Vector block[LANES];
#pragma GCC unroll 16
            for (int n = 0; n < LANES; n++) block[n] = t < rows ? load(x + (t + n) * width + c) : Vector{};
            transpose_step<1>(block);
#pragma GCC unroll 16
            for (int n = 0; n < LANES; n++) store(out + (c + n) * columns + t, block[n]);
        }
}

// One head of one prompt: where its rows are in a tensor.
template <class T>
struct Head {
    T* data;
    int64_t token_stride;

    Head(const Heads& all, int64_t prompt, int64_t head)
        : data((T*)all.data + prompt * all.batch_stride + head * all.head_stride), token_stride(all.token_stride) {}

    // (rows, width) floats, times a factor; zeros past the last token and in the columns past d_head.
    void copy_to(float* out, int64_t tokens, int64_t rows, int64_t d_head, int64_t width, float factor) const {
        for (int64_t t = 0; t < tokens; t++) {
            const T* row = data + t * token_stride;
            __builtin_prefetch(row + PREFETCH * token_stride);  // rows are too far apart for the processor to foresee
            int64_t c = 0;
            for (; c + LANES <= d_head; c += LANES) store(out + t * width + c, factor * load(row + c, LANES));
            if (c < d_head) store(out + t * width + c, factor * load(row + c, (int)(d_head - c)));
        }
        fill_zero(out + tokens * width, (rows - tokens) * width);
    }

    void store_row(int64_t token, const float* row, int64_t d_head, float factor) const {
        T* out = data + token * token_stride;
        int64_t c = 0;
        for (; c + LANES <= d_head; c += LANES) store(out + c, factor * load(row + c), LANES);
        if (c < d_head) store(out + c, factor * load(row + c), (int)(d_head - c));
    }
};

struct Sizes {
    int64_t tokens, d_head, window;
    int64_t rows;     // tokens, in whole steps
    int64_t columns;  // the same; never a multiple of 4 KiB apart, which would be one set of the cache
    int64_t width;    // d_head, in whole vectors

    explicit Sizes(const Attention& p)
        : tokens(p.num_tokens), d_head(p.d_head), window(p.window), rows(round_up(tokens, STEP)), columns(rows),
          width(round_up(d_head, LANES)) {
        if (columns % 256 == 0) columns += STEP;
    }

    // The keys that a block of queries looks at: all in [begin, end), computed in [begin, end rounded to a step).
    int64_t begin(int64_t query) const { return larger(0, query - window + 1) / STEP * STEP; }
    int64_t end(int64_t query) const { return smaller(query + ROWS, tokens); }
};

INLINE Vector select(IntVector where, Vector x, Vector otherwise) { return where ? x : otherwise; }

// The columns [begin, end) of a block of rows, the first of which is `query`: which of them every row sees, and which
// lanes of the others.
struct Sight {
    int64_t query, window, begin, end, all_begin, all_end;

    Sight(const Sizes& s, int64_t query)
        : query(query), window(s.window), begin(s.begin(query)), end(round_up(s.end(query), STEP)),
          all_begin(larger(begin, round_up(larger(0, query + ROWS - s.window), LANES))),
          all_end(larger(all_begin, (query + 1) / LANES * LANES)) {}

    bool partial(int64_t j) const { return j < all_begin || j >= all_end; }

    __attribute__((always_inline)) IntVector lanes(int64_t j, int r) const {
        IntVector lane;
        for (int n = 0; n < LANES; n++) lane[n] = n;
        const int64_t i = query + r - j;
        return (lane <= (int32_t)i) & (lane > (int32_t)larger(-1, i - window));
    }
};

// e^x for x at most 0, or NaN; below -87, where floats end, e^-87.
INLINE Vector exponential(Vector x) {
    x = maximum(broadcast(-87.f), x);
    Vector shifted = x * LOG2_E + ROUND, rounded = shifted - ROUND;
    return exp2_parts(shifted, rounded, x * LOG2_E - rounded + x * LOG2_E_REST);
}

// Scores of a block of rows to e^(score - the largest of the row), with zeros where the row may not look.
INLINE void exponentiate(float* p, int64_t columns, const Sight& sight, float* top, float* total) {
    const Vector nothing = broadcast(-std::numeric_limits<float>::infinity());
    Vector best[ROWS], sum[ROWS];
    for (int r = 0; r < ROWS; r++) best[r] = nothing, sum[r] = Vector{};
    for (int64_t j = sight.begin; j < sight.end; j += LANES)
        if (sight.partial(j))
            for (int r = 0; r < ROWS; r++) best[r] = maximum(best[r], select(sight.lanes(j, r), load(p + r * columns + j), nothing));
        else
            for (int r = 0; r < ROWS; r++) best[r] = maximum(best[r], load(p + r * columns + j));
    for (int r = 0; r < ROWS; r++) top[r] = largest(best[r]);
    for (int64_t j = sight.begin; j < sight.end; j += LANES) {
        const bool partial = sight.partial(j);
        for (int r = 0; r < ROWS; r++) {
            Vector e = exponential(load(p + r * columns + j) - top[r]);
            if (partial) e = select(sight.lanes(j, r), e, Vector{});
            sum[r] += e;
            store(p + r * columns + j, e);
        }
    }
    for (int r = 0; r < ROWS; r++) total[r] = sum_lanes(sum[r]);
}

// Scores in p and gradients of p in ds become p and the gradients of the scores.
INLINE void differentiate(float* p, float* ds, int64_t columns, const Sight& sight, const float* top, const float* total) {
    Vector sum[ROWS], factor[ROWS];
    for (int r = 0; r < ROWS; r++) sum[r] = Vector{}, factor[r] = broadcast(1.f / total[r]);
    for (int64_t j = sight.begin; j < sight.end; j += LANES) {
        const bool partial = sight.partial(j);
        for (int r = 0; r < ROWS; r++) {
            Vector e = exponential(load(p + r * columns + j) - top[r]);
            if (partial) e = select(sight.lanes(j, r), e, Vector{});
            sum[r] += e * load(ds + r * columns + j);
            store(p + r * columns + j, e * factor[r]);
        }
    }
    float mean[ROWS];
    for (int r = 0; r < ROWS; r++) mean[r] = sum_lanes(sum[r]) / total[r];
    for (int64_t j = sight.begin; j < sight.end; j += LANES)
        for (int r = 0; r < ROWS; r++)
            store(ds + r * columns + j, load(p + r * columns + j) * (load(ds + r * columns + j) - mean[r]));
}

// The working memory of the forward pass of one task.
struct ForwardBuffers {
    float *q, *k, *v, *k_columns, *p, *y;

    static int64_t floats(const Sizes& s) {
        return 3 * s.rows * s.width + s.width * s.columns + ROWS * s.columns + ROWS * s.width;
    }

    ForwardBuffers(const Sizes& s, float* memory) {
        q = memory;
        k = q + s.rows * s.width;
        v = k + s.rows * s.width;
        k_columns = v + s.rows * s.width;
        p = k_columns + s.width * s.columns;
        y = p + ROWS * s.columns;
        fill_zero(memory, 3 * s.rows * s.width);
    }
};

// What the backward pass needs to compute p again: the largest score of every row, and its sum of exponentials.
struct Statistics {
    float *top, *total;

    Statistics(const Attention& p, int64_t prompt, int64_t head)
        : top(p.statistics + (prompt * p.num_heads + head) * 2 * p.num_tokens), total(top + p.num_tokens) {}
};

template <class T>
void forward_head(const Attention& p, const Sizes& s, int64_t prompt, int64_t head, float* memory) {
    const ForwardBuffers b(s, memory);
    Head<const T>(p.q, prompt, head).copy_to(b.q, s.tokens, s.rows, s.d_head, s.width, p.scale);
    Head<const T>(p.k, prompt, head).copy_to(b.k, s.tokens, s.rows, s.d_head, s.width, 1.f);
    Head<const T>(p.v, prompt, head).copy_to(b.v, s.tokens, s.rows, s.d_head, s.width, 1.f);
    transpose(b.k, s.rows, s.width, b.k_columns, s.columns);
    const Head<T> y(p.y, prompt, head);
    const Statistics statistics(p, prompt, head);
    for (int64_t query = 0; query < s.tokens; query += ROWS) {
        const Sight sight(s, query);
        const int64_t begin = sight.begin, end = s.end(query);
        float top[ROWS], total[ROWS];
        product<false>(b.q + query * s.width, s.width, 1, b.k_columns + begin, s.columns, s.d_head, b.p + begin, s.columns,
                       sight.end - begin);
        exponentiate(b.p, s.columns, sight, top, total);
        // Rows past the last token are those of a zero query; nothing of them is stored.
        product<false>(b.p + begin, s.columns, 1, b.v + begin * s.width, s.width, end - begin, b.y, s.width, s.width);
        for (int64_t i = query; i < end; i++) {
            y.store_row(i, b.y + (i - query) * s.width, s.d_head, 1.f / total[i - query]);
            statistics.top[i] = top[i - query], statistics.total[i] = total[i - query];
        }
    }
}

// The working memory of the backward pass of one task.
struct BackwardBuffers {
    float *q, *k, *v, *grad_y, *grad_k, *grad_v, *k_columns, *v_columns, *p, *ds, *grad_q;

    static int64_t floats(const Sizes& s) {
        return 6 * s.rows * s.width + 2 * s.width * s.columns + 2 * QUERIES * s.columns + ROWS * s.width;
    }

    BackwardBuffers(const Sizes& s, float* memory) {
        q = memory;
        k = q + s.rows * s.width;
        v = k + s.rows * s.width;
        grad_y = v + s.rows * s.width;
        grad_k = grad_y + s.rows * s.width;
        grad_v = grad_k + s.rows * s.width;
        k_columns = grad_v + s.rows * s.width;
        v_columns = k_columns + s.width * s.columns;
        p = v_columns + s.width * s.columns;
        ds = p + QUERIES * s.columns;
        grad_q = ds + QUERIES * s.columns;
        fill_zero(memory, 6 * s.rows * s.width);
    }
};

// p and ds of one block of queries, and from them its gradients; `query - i0` is its first row in the buffers.
template <class T>
INLINE void backward_queries(const Sizes& s, const BackwardBuffers& b, int64_t query, int64_t i0, const Statistics& statistics,
                             const Head<T>& grad_q, float scale) {
    const Sight sight(s, query);
    const int64_t begin = sight.begin, end = s.end(query), rows = end - query;
    float *p = b.p + (query - i0) * s.columns, *ds = b.ds + (query - i0) * s.columns;
    product<false>(b.q + query * s.width, s.width, 1, b.k_columns + begin, s.columns, s.d_head, p + begin, s.columns, sight.end - begin);
    product<false>(b.grad_y + query * s.width, s.width, 1, b.v_columns + begin, s.columns, s.d_head, ds + begin, s.columns,
                   sight.end - begin);
    // Rows past the last token: zero queries, with zero gradients. Their p is finite, and multiplies zeros.
    float top[ROWS], total[ROWS];
    for (int r = 0; r < ROWS; r++) {
        top[r] = r < rows ? statistics.top[query + r] : 0.f;
        total[r] = r < rows ? statistics.total[query + r] : 1.f;
    }
    differentiate(p, ds, s.columns, sight, top, total);
    product<false>(ds + begin, s.columns, 1, b.k + begin * s.width, s.width, end - begin, b.grad_q, s.width, s.width);
    for (int64_t i = query; i < end; i++) grad_q.store_row(i, b.grad_q + (i - query) * s.width, s.d_head, scale);
}

template <class T>
void backward_head(const Attention& p, const Sizes& s, int64_t prompt, int64_t head, float* memory) {
    const BackwardBuffers b(s, memory);
    Head<const T>(p.q, prompt, head).copy_to(b.q, s.tokens, s.rows, s.d_head, s.width, p.scale);
    Head<const T>(p.k, prompt, head).copy_to(b.k, s.tokens, s.rows, s.d_head, s.width, 1.f);
    Head<const T>(p.v, prompt, head).copy_to(b.v, s.tokens, s.rows, s.d_head, s.width, 1.f);
    Head<const T>(p.grad_y, prompt, head).copy_to(b.grad_y, s.tokens, s.rows, s.d_head, s.width, 1.f);
    transpose(b.k, s.rows, s.width, b.k_columns, s.columns);
    transpose(b.v, s.rows, s.width, b.v_columns, s.columns);
    const Statistics statistics(p, prompt, head);
    const Head<T> grad_q(p.grad_q, prompt, head), grad_k(p.grad_k, prompt, head), grad_v(p.grad_v, prompt, head);
    const int64_t rows = round_up(s.tokens, ROWS);
    for (int64_t i0 = 0; i0 < s.tokens; i0 += QUERIES) {
        const int64_t i_end = smaller(i0 + QUERIES, rows);
        for (int64_t query = i0; query < i_end; query += ROWS) backward_queries(s, b, query, i0, statistics, grad_q, p.scale);
        for (int64_t j = s.begin(i0); j < i_end; j += ROWS) {
            // Queries before j do not see it, nor do those a window later.
            const int64_t from = larger(i0, j), to = smaller(i_end, round_up(smaller(rows, j + ROWS - 1 + s.window), ROWS));
            if (from >= to) continue;
            const int64_t at = (from - i0) * s.columns + j;
            product<true>(b.p + at, 1, s.columns, b.grad_y + from * s.width, s.width, to - from, b.grad_v + j * s.width, s.width, s.width);
            product<true>(b.ds + at, 1, s.columns, b.q + from * s.width, s.width, to - from, b.grad_k + j * s.width, s.width, s.width);
        }
    }
    for (int64_t t = 0; t < s.tokens; t++) {
        grad_k.store_row(t, b.grad_k + t * s.width, s.d_head, 1.f);  // b.q holds the scale
        grad_v.store_row(t, b.grad_v + t * s.width, s.d_head, 1.f);
    }
}

template <class Buffers>
Status every_head(const Attention& p, void (*run)(const Attention&, const Sizes&, int64_t, int64_t, float*)) {
    const Sizes s(p);
    const int64_t each = whole_lines(Buffers::floats(s)) + 2 * LANES;
    Scratch memory(p.threads * each);
    if (!memory.data) return STATUS_NO_MEMORY;
#pragma omp parallel for num_threads(p.threads) schedule(dynamic)
    for (int64_t task = 0; task < p.batch * p.num_heads; task++)
        run(p, s, task / p.num_heads, task % p.num_heads, memory.data + thread_index() * each);
    return STATUS_OK;
}

}  // namespace

Status ICL_ISA::attention_forward(const Attention& p) {
    return every_head<ForwardBuffers>(p, p.storage == STORAGE_BFLOAT16 ? forward_head<bfloat16> : forward_head<float>);
}

Status ICL_ISA::attention_backward(const Attention& p) {
    return every_head<BackwardBuffers>(p, p.storage == STORAGE_BFLOAT16 ? backward_head<bfloat16> : backward_head<float>);
}
