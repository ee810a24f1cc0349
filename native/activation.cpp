// GELU in its tanh form on rows of channels, forward and backward, with the bias of the linear map before it.
//
//   u = x + bias        y = u sigmoid(2 sqrt(2 / pi) (u + 0.044715 u^3)), the same number as 0.5 u (1 + tanh(half of that))
//
// The bias is added here because a matrix product with one first writes it to every row of its result. The backward pass
// writes y once more, so that it need not be kept, and may write grad_x over grad_y.
#include "exponential.h"
#include "interface.h"
#include "row_groups.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

constexpr float SLOPE = 1.5957691216f;            // 2 sqrt(2 / pi)
constexpr float CUBIC = SLOPE * 0.044715f;

INLINE Vector gelu(Vector u) { return u * sigmoid(u * (u * u * CUBIC + SLOPE)); }

INLINE Vector gelu_slope(Vector u, Vector* value) {
    Vector u2 = u * u, s = sigmoid(u * (u2 * CUBIC + SLOPE));
    *value = u * s;
    return s + u * (s - s * s) * (u2 * (3 * CUBIC) + SLOPE);
}

template <class T>
Status forward(const Activation& p) {
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        const int64_t channels = p.channels;
        const float* bias = p.bias;
        for (int64_t i = range.begin; i < range.end; i++) {
            const T* x = (const T*)p.x + i * channels;
            T* y = (T*)p.y + i * channels;
            each_vector(channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
                store(y + c, gelu(load(x + c, lanes) + load(bias + c, lanes)), lanes);
            });
        }
    }
    return STATUS_OK;
}

template <class T>
Status backward(const Activation& p) {
    RowSums sums(p.rows, p.channels);
    if (!sums.data()) return STATUS_NO_MEMORY;
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        const int64_t channels = p.channels;
        const float* bias = p.bias;
        float* sum = sums.of(group);
        for (int64_t i = range.begin; i < range.end; i++) {
            const T *x = (const T*)p.x + i * channels, *grad_y = (const T*)p.grad_y + i * channels;
            T *y = (T*)p.y + i * channels, *grad_x = (T*)p.grad_x + i * channels;
            each_vector(channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
                Vector value, g = load(grad_y + c, lanes) * gelu_slope(load(x + c, lanes) + load(bias + c, lanes), &value);
                store(y + c, value, lanes);
                store(grad_x + c, g, lanes);
                store(sum + c, load(sum + c) + g);
            });
        }
    }
    sums.total(p.grad_bias);
    return STATUS_OK;
}

}  // namespace

Status ICL_ISA::gelu_forward(const Activation& p) {
    return p.storage == STORAGE_BFLOAT16 ? forward<bfloat16>(p) : forward<float>(p);
}

Status ICL_ISA::gelu_backward(const Activation& p) {
    return p.storage == STORAGE_BFLOAT16 ? backward<bfloat16>(p) : backward<float>(p);
}
