// Causal softmax attention, forward and backward, for the short sequences and small heads that BLAS is slow at.
//
//   s_ij = scale q_i k_j for i - window < j <= i      p_i = softmax(s_i)      y_i = sum_j p_ij v_j
//
// One prompt and head is one task of one thread, so no result depends on their number. A task copies its queries, keys
// and values to float, some transposed, and is then six small matrix products, all done by `product`: a block of ROWS rows
// against two vectors of columns, which stays in registers. Only the part below the diagonal is computed.
//
// Scores are kept in units of log 2: the queries are scaled by scale * log2(e), and p_ij = 2^(s_ij - logsumexp_i).
#include <cmath>
#include <limits>

#include "exponential.h"
#include "interface.h"
#include "scratch.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

constexpr int ROWS = LANES == 16 ? 8 : 4;  // with two vectors each, as many sums as registers allow
constexpr int64_t STEP = 16;               // columns are computed in whole steps: a multiple of LANES and of ROWS
constexpr int64_t QUERIES = 32;            // queries whose p and ds are kept at a time in the backward pass

INLINE int64_t round_up(int64_t x, int64_t unit) { return ceil_div(x, unit) * unit; }

// out (ROWS, VECTORS * LANES) = or += a (ROWS, inner) b (inner, VECTORS * LANES); a has any two strides.
template <int VECTORS, bool ADD>
INLINE void product_block(const float* a, int64_t a_row, int64_t a_inner, const float* b, int64_t b_inner, int64_t inner,
                          float* out, int64_t out_row) {
    Vector sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++) sum[r][v] = ADD ? load(out + r * out_row + v * LANES) : Vector{};
    for (int64_t n = 0; n < inner; n++) {
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

// One head of one prompt: where its rows are, and its sizes padded to whole vectors.
template <class T>
struct Head {
    T* data;
    int64_t token_stride;

    Head(const Heads& all, int64_t prompt, int64_t head)
        : data((T*)all.data + prompt * all.batch_stride + head * all.head_stride), token_stride(all.token_stride) {}

    // (tokens, width) floats, times a factor; zeros up to `rows` rows and in the columns past d_head.
    void copy_to(float* rows_out, int64_t tokens, int64_t rows, int64_t d_head, int64_t width, float factor) const {
        for (int64_t t = 0; t < tokens; t++)
            for (int64_t c = 0; c < width; c += LANES)
                store(rows_out + t * width + c, factor * load(data + t * token_stride + c, (int)larger(0, smaller(LANES, d_head - c))));
        fill_zero(rows_out + tokens * width, (rows - tokens) * width);
    }

    // (d_head, columns) floats; zeros past the last token.
    void transpose_to(float* out, int64_t tokens, int64_t columns, int64_t d_head) const {
        for (int64_t c = 0; c < d_head; c++) {
            float* row = out + c * columns;
            for (int64_t t = 0; t < tokens; t++) row[t] = to_float(data[t * token_stride + c]);
            fill_zero(row + tokens, columns - tokens);
        }
    }

    void store_row(int64_t token, const float* row, int64_t d_head, float factor) const {
        for (int64_t c = 0; c < d_head; c += LANES)
            store(data + token * token_stride + c, factor * load(row + c), (int)smaller(LANES, d_head - c));
    }
};

struct Sizes {
    int64_t tokens, d_head, window;
    int64_t rows;     // tokens, in whole blocks of ROWS
    int64_t columns;  // tokens, in whole steps; never a multiple of 4 KiB apart, which would be one set of the cache
    int64_t width;    // d_head, in whole vectors

    explicit Sizes(const Attention& p)
        : tokens(p.num_tokens), d_head(p.d_head), window(p.window), rows(round_up(tokens, ROWS)),
          columns(round_up(tokens, STEP)), width(round_up(d_head, LANES)) {
        if (columns % 256 == 0) columns += STEP;
    }

    // The keys that a block of queries looks at: all in [first, end), computed in [begin, end rounded to a step).
    int64_t begin(int64_t query) const { return larger(0, query - window + 1) / STEP * STEP; }
    int64_t end(int64_t query) const { return smaller(query + ROWS, tokens); }
};

// Which lanes of the vector at column j the query may look at.
INLINE IntVector visible(int64_t j, int64_t first, int64_t last) {
    IntVector lane;
    for (int n = 0; n < LANES; n++) lane[n] = n;
    return (lane >= (int32_t)(first - j)) & (lane <= (int32_t)(last - j));
}

INLINE Vector select(IntVector where, Vector x, Vector otherwise) { return where ? x : otherwise; }

INLINE Vector power_of_two(Vector x) { return exp2_product_saturating(x, broadcast(1.f)); }

// Scores to 2^(score - their largest), with zeros where the query may not look; returns the largest and their sum.
INLINE void exponentiate(float* row, int64_t begin, int64_t end, int64_t first, int64_t last, float* top, float* total) {
    const Vector nothing = broadcast(-std::numeric_limits<float>::infinity());
    Vector best = nothing;
    for (int64_t j = begin; j < end; j += LANES) {
        Vector s = load(row + j);
        if (j < first || j + LANES - 1 > last) s = select(visible(j, first, last), s, nothing);
        best = maximum(best, s);
    }
    *top = largest(best);
    Vector sum = {};
    for (int64_t j = begin; j < end; j += LANES) {
        Vector e = power_of_two(load(row + j) - *top);
        if (j < first || j + LANES - 1 > last) e = select(visible(j, first, last), e, Vector{});
        sum += e;
        store(row + j, e);
    }
    *total = sum_lanes(sum);
}

// The working memory of the forward pass of one task.
struct ForwardBuffers {
    float *q, *k_columns, *v, *p, *y;

    static int64_t floats(const Sizes& s) {
        return s.rows * s.width + s.d_head * s.columns + s.tokens * s.width + ROWS * s.columns + ROWS * s.width;
    }

    ForwardBuffers(const Sizes& s, float* memory) {
        q = memory;
        k_columns = q + s.rows * s.width;
        v = k_columns + s.d_head * s.columns;
        p = v + s.tokens * s.width;
        y = p + ROWS * s.columns;
    }
};

template <class T>
void forward_head(const Attention& p, const Sizes& s, int64_t prompt, int64_t head, float* memory) {
    const ForwardBuffers b(s, memory);
    Head<const T>(p.q, prompt, head).copy_to(b.q, s.tokens, s.rows, s.d_head, s.width, p.scale * LOG2_E);
    Head<const T>(p.k, prompt, head).transpose_to(b.k_columns, s.tokens, s.columns, s.d_head);
    Head<const T>(p.v, prompt, head).copy_to(b.v, s.tokens, s.tokens, s.d_head, s.width, 1.f);
    const Head<T> y(p.y, prompt, head);
    float* logsumexp = p.logsumexp + (prompt * p.num_heads + head) * s.tokens;
    for (int64_t query = 0; query < s.tokens; query += ROWS) {
        const int64_t begin = s.begin(query), end = s.end(query), padded = round_up(end, STEP);
        float total[ROWS];
        product<false>(b.q + query * s.width, s.width, 1, b.k_columns + begin, s.columns, s.d_head, b.p + begin, s.columns,
                       padded - begin);
        for (int64_t i = query; i < end; i++) {
            float top;
            exponentiate(b.p + (i - query) * s.columns, begin, padded, larger(0, i - s.window + 1), i, &top, &total[i - query]);
            logsumexp[i] = top + std::log2(total[i - query]);
        }
        // Rows past the last token hold the scores of a zero query; what they sum to is not stored.
        product<false>(b.p + begin, s.columns, 1, b.v + begin * s.width, s.width, end - begin, b.y, s.width, s.width);
        for (int64_t i = query; i < end; i++)
            y.store_row(i, b.y + (i - query) * s.width, s.d_head, 1.f / total[i - query]);
    }
}

// The working memory of the backward pass of one task.
struct BackwardBuffers {
    float *q, *k, *k_columns, *v_columns, *grad_y, *p, *ds, *grad_q, *grad_k, *grad_v;

    static int64_t floats(const Sizes& s) {
        return 5 * s.rows * s.width + 2 * s.d_head * s.columns + 2 * QUERIES * s.columns + ROWS * s.width;
    }

    BackwardBuffers(const Sizes& s, float* memory) {
        q = memory;
        k = q + s.rows * s.width;
        grad_y = k + s.rows * s.width;
        grad_k = grad_y + s.rows * s.width;
        grad_v = grad_k + s.rows * s.width;
        k_columns = grad_v + s.rows * s.width;
        v_columns = k_columns + s.d_head * s.columns;
        p = v_columns + s.d_head * s.columns;
        ds = p + QUERIES * s.columns;
        grad_q = ds + QUERIES * s.columns;
    }
};

// Scores in p and gradients of p in ds become p and the gradients of the scores.
INLINE void differentiate(float* p, float* ds, int64_t begin, int64_t end, int64_t first, int64_t last, float logsumexp) {
    Vector sum = {};
    for (int64_t j = begin; j < end; j += LANES) {
        Vector e = power_of_two(load(p + j) - logsumexp);
        if (j < first || j + LANES - 1 > last) e = select(visible(j, first, last), e, Vector{});
        sum += e * load(ds + j);
        store(p + j, e);
    }
    const float mean = sum_lanes(sum);
    for (int64_t j = begin; j < end; j += LANES) store(ds + j, load(p + j) * (load(ds + j) - mean));
}

// p and ds of one block of queries, and from them its gradients; `query - i0` is its first row in the buffers.
template <class T>
INLINE void backward_queries(const Sizes& s, const BackwardBuffers& b, int64_t query, int64_t i0, const float* logsumexp,
                             const Head<T>& grad_q, float scale) {
    const int64_t begin = s.begin(query), end = s.end(query), padded = round_up(end, STEP);
    float *p = b.p + (query - i0) * s.columns, *ds = b.ds + (query - i0) * s.columns;
    product<false>(b.q + query * s.width, s.width, 1, b.k_columns + begin, s.columns, s.d_head, p + begin, s.columns, padded - begin);
    product<false>(b.grad_y + query * s.width, s.width, 1, b.v_columns + begin, s.columns, s.d_head, ds + begin, s.columns,
                   padded - begin);
    for (int64_t i = query; i < query + ROWS; i++) {
        float *p_row = p + (i - query) * s.columns, *ds_row = ds + (i - query) * s.columns;
        if (i < end) {
            differentiate(p_row, ds_row, begin, padded, larger(0, i - s.window + 1), i, logsumexp[i]);
        } else {
            fill_zero(p_row + begin, padded - begin);
            fill_zero(ds_row + begin, padded - begin);
        }
    }
    product<false>(ds + begin, s.columns, 1, b.k + begin * s.width, s.width, end - begin, b.grad_q, s.width, s.width);
    for (int64_t i = query; i < end; i++) grad_q.store_row(i, b.grad_q + (i - query) * s.width, s.d_head, scale);
}

template <class T>
void backward_head(const Attention& p, const Sizes& s, int64_t prompt, int64_t head, float* memory) {
    const BackwardBuffers b(s, memory);
    const Head<const T> k(p.k, prompt, head);
    Head<const T>(p.q, prompt, head).copy_to(b.q, s.tokens, s.rows, s.d_head, s.width, p.scale * LOG2_E);
    k.copy_to(b.k, s.tokens, s.rows, s.d_head, s.width, 1.f);
    k.transpose_to(b.k_columns, s.tokens, s.columns, s.d_head);
    Head<const T>(p.v, prompt, head).transpose_to(b.v_columns, s.tokens, s.columns, s.d_head);
    Head<const T>(p.grad_y, prompt, head).copy_to(b.grad_y, s.tokens, s.rows, s.d_head, s.width, 1.f);
    fill_zero(b.grad_k, 2 * s.rows * s.width);  // and grad_v, which follows it
    const float* logsumexp = p.logsumexp + (prompt * p.num_heads + head) * s.tokens;
    const Head<T> grad_q(p.grad_q, prompt, head), grad_k(p.grad_k, prompt, head), grad_v(p.grad_v, prompt, head);
    for (int64_t i0 = 0; i0 < s.tokens; i0 += QUERIES) {
        const int64_t i_end = smaller(i0 + QUERIES, s.rows);
        for (int64_t query = i0; query < i_end; query += ROWS) backward_queries(s, b, query, i0, logsumexp, grad_q, p.scale);
        for (int64_t j = s.begin(i0); j < i_end; j += ROWS) {
            // Queries before j do not see it, nor do those a window later.
            const int64_t from = larger(i0, j), to = smaller(i_end, round_up(smaller(s.rows, j + ROWS - 1 + s.window), ROWS));
            if (from >= to) continue;
            const int64_t at = (from - i0) * s.columns + j;
            product<true>(b.p + at, 1, s.columns, b.grad_y + from * s.width, s.width, to - from, b.grad_v + j * s.width, s.width, s.width);
            product<true>(b.ds + at, 1, s.columns, b.q + from * s.width, s.width, to - from, b.grad_k + j * s.width, s.width, s.width);
        }
    }
    for (int64_t t = 0; t < s.tokens; t++) {
        grad_k.store_row(t, b.grad_k + t * s.width, s.d_head, LN_2);  // b.q held log2(e) times too much
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
