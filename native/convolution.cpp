// Depthwise causal convolution over time with an optional SiLU, forward and backward.
//
//   s_t = bias + sum_j weight_j x_{t - width + 1 + j}        y_t = s_t sigmoid(s_t)
//
// Time is cut into spans; inside a span one block of channels runs through all tokens with its last inputs in registers,
// so a span's rows are read from memory once, side by side. Nothing is kept between the passes: s_t is recomputed.
#include "exponential.h"
#include "interface.h"
#include "scratch.h"

DECLARE_KERNELS(ICL_ISA)

namespace {

constexpr int SPAN = 32;

template <class T>
INLINE T* row(const Sequence& s, int64_t prompt, int64_t token) {
    return (T*)s.data + prompt * s.batch_stride + token * s.token_stride;
}

// (channels, width) -> (block, width, LANES)
INLINE void arrange_weight(const Convolution& p, float* arranged) {
    for (int64_t j = 0; j < ceil_div(p.channels, LANES); j++)
        for (int64_t k = 0; k < p.width; k++)
            for (int lane = 0; lane < LANES; lane++) {
                int64_t channel = j * LANES + lane;
                arranged[(j * p.width + k) * LANES + lane] = channel < p.channels ? p.weight[channel * p.width + k] : 0.f;
            }
}

// One block of channels in one span: its filter, and a window of the last WIDTH inputs that starts before the span.
template <class T, int WIDTH>
struct Window {
    Vector weight[WIDTH], input[WIDTH], bias;

    __attribute__((always_inline)) Window(const Convolution& p, const float* arranged, int64_t prompt, int64_t begin, int64_t j, int lanes) {
        bias = p.bias ? load(p.bias + j * LANES, lanes) : Vector{};
        for (int k = 0; k < WIDTH; k++) {
            weight[k] = load(arranged + (j * WIDTH + k) * LANES);
            const int64_t token = begin - WIDTH + k;
            input[k] = token >= 0 ? load(row<T>(p.x, prompt, token) + j * LANES, lanes) : Vector{};
        }
    }

    // Takes in the next input and returns the convolution there, before the activation.
    __attribute__((always_inline)) Vector next(Vector x) {
        for (int k = 0; k < WIDTH - 1; k++) input[k] = input[k + 1];
        input[WIDTH - 1] = x;
        Vector s = bias;
        for (int k = 0; k < WIDTH; k++) s += input[k] * weight[k];
        return s;
    }
};

template <class T, int WIDTH>
void forward_span(const Convolution& p, const float* arranged, int64_t prompt, Range span) {
    for (int64_t j = 0; j * LANES < p.channels; j++) {
        const int lanes = (int)smaller(LANES, p.channels - j * LANES);
        Window<T, WIDTH> window(p, arranged, prompt, span.begin, j, lanes);
        for (int64_t t = span.begin; t < span.end; t++) {
            const T* from = row<T>(p.x, prompt, t) + j * LANES;
            __builtin_prefetch(from + 2 * LANES);
            Vector s = window.next(load(from, lanes));
            store(row<T>(p.y, prompt, t) + j * LANES, p.silu ? s * sigmoid(s) : s, lanes);
        }
    }
}

// Gradients of one span. The input at t reaches outputs up to t + WIDTH - 1, so the loop runs that far into the next span,
// and only the span's own outputs add to the gradient of the filter. `sums` is (width + 1, LANES): weight, then bias.
template <class T, int WIDTH>
INLINE void backward_span(const Convolution& p, const float* arranged, int64_t prompt, Range span, int64_t j, float* sums) {
    const int lanes = (int)smaller(LANES, p.channels - j * LANES);
    Window<T, WIDTH> window(p, arranged, prompt, span.begin, j, lanes);
    Vector grad[WIDTH], weight_sum[WIDTH], bias_sum = load(sums + WIDTH * LANES);
    for (int k = 0; k < WIDTH; k++) grad[k] = Vector{}, weight_sum[k] = load(sums + k * LANES);
    for (int64_t t = span.begin; t < span.end + WIDTH - 1; t++) {
        Vector g = {};
        if (t < p.num_tokens) {
            const T *from = row<T>(p.x, prompt, t) + j * LANES, *from_grad = row<T>(p.grad_y, prompt, t) + j * LANES;
            __builtin_prefetch(from + 2 * LANES);
            __builtin_prefetch(from_grad + 2 * LANES);
            Vector s = window.next(load(from, lanes));
            g = load(from_grad, lanes);
            if (p.silu) {
                Vector sg = sigmoid(s);
                g *= sg * (1.f + s * (1.f - sg));
            }
            if (t < span.end) {
                bias_sum += g;
                for (int k = 0; k < WIDTH; k++) weight_sum[k] += g * window.input[k];
            }
        }
        for (int k = 0; k < WIDTH - 1; k++) grad[k] = grad[k + 1];
        grad[WIDTH - 1] = g;
        if (t - WIDTH + 1 < span.begin) continue;
        Vector sum = {};
        for (int k = 0; k < WIDTH; k++) sum += grad[k] * window.weight[WIDTH - 1 - k];
        store(row<T>(p.grad_x, prompt, t - WIDTH + 1) + j * LANES, sum, lanes);
    }
    for (int k = 0; k < WIDTH; k++) store(sums + k * LANES, weight_sum[k]);
    store(sums + WIDTH * LANES, bias_sum);
}

template <class T, int WIDTH>
struct Forward {
    static Status run(const Convolution& p) {
        Scratch arranged(ceil_div(p.channels, LANES) * WIDTH * LANES);
        if (!arranged.data) return STATUS_NO_MEMORY;
        arrange_weight(p, arranged.data);
        const int64_t spans = ceil_div(p.num_tokens, SPAN);
#pragma omp parallel for num_threads(p.threads) schedule(dynamic)
        for (int64_t task = 0; task < p.batch * spans; task++) {
            const int64_t begin = task % spans * SPAN;
            forward_span<T, WIDTH>(p, arranged.data, task / spans, {begin, smaller(begin + SPAN, p.num_tokens)});
        }
        return STATUS_OK;
    }
};

template <class T, int WIDTH>
struct Backward {
    static Status run(const Convolution& p) {
        const int64_t blocks = ceil_div(p.channels, LANES), per_block = (WIDTH + 1) * LANES;
        const Division d = divide(p.batch, blocks);
        Scratch arranged(blocks * WIDTH * LANES), partial(d.prompt_groups * blocks * per_block);
        if (!arranged.data || !partial.data) return STATUS_NO_MEMORY;
        arrange_weight(p, arranged.data);
#pragma omp parallel for num_threads(p.threads) schedule(dynamic)
        for (int64_t task = 0; task < d.prompt_groups * d.channel_groups; task++) {
            const int64_t i = task / d.channel_groups;
            const Range prompts = part_of(p.batch, i, d.prompt_groups);
            const Range range = part_of(blocks, task % d.channel_groups, d.channel_groups);
            float* sums = partial.data + i * blocks * per_block;
            fill_zero(sums + range.begin * per_block, (range.end - range.begin) * per_block);
            for (int64_t prompt = prompts.begin; prompt < prompts.end; prompt++)
                for (int64_t begin = 0; begin < p.num_tokens; begin += SPAN)
                    for (int64_t j = range.begin; j < range.end; j++)
                        backward_span<T, WIDTH>(p, arranged.data, prompt, {begin, smaller(begin + SPAN, p.num_tokens)}, j,
                                                sums + j * per_block);
        }
        for (int64_t channel = 0; channel < p.channels; channel++)
            for (int64_t k = 0; k <= WIDTH; k++) {
                float sum = 0;
                for (int64_t i = 0; i < d.prompt_groups; i++)
                    sum += partial.data[(i * blocks + channel / LANES) * per_block + k * LANES + channel % LANES];
                if (k < WIDTH)
                    p.grad_weight[channel * WIDTH + k] = sum;
                else if (p.grad_bias)
                    p.grad_bias[channel] = sum;
            }
        return STATUS_OK;
    }
};

template <template <class, int> class Pass, class T>
Status with_width(const Convolution& p) {
    switch (p.width) {
        case 1: return Pass<T, 1>::run(p);
        case 2: return Pass<T, 2>::run(p);
        case 3: return Pass<T, 3>::run(p);
        case 4: return Pass<T, 4>::run(p);
        case 5: return Pass<T, 5>::run(p);
        case 6: return Pass<T, 6>::run(p);
        case 7: return Pass<T, 7>::run(p);
        case 8: return Pass<T, 8>::run(p);
        default: return STATUS_UNSUPPORTED;
    }
}

}  // namespace

Status ICL_ISA::convolution_forward(const Convolution& p) {
    return p.storage == STORAGE_BFLOAT16 ? with_width<Forward, bfloat16>(p) : with_width<Forward, float>(p);
}

Status ICL_ISA::convolution_backward(const Convolution& p) {
    return p.storage == STORAGE_BFLOAT16 ? with_width<Backward, bfloat16>(p) : with_width<Backward, float>(p);
}
