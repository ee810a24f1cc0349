// Layer norm and RMS norm of rows, forward and backward.
//
//   layer: n = (x - mean(x)) / sqrt(var(x) + epsilon)      RMS: n = x / sqrt(mean(x^2) + epsilon)      y = gain n + offset
//
// Mean and variance are computed again in the backward pass, from a row that is in the cache then: nothing is kept.
#include <cmath>

#include "interface.h"
#include "row_groups.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

// What is subtracted from a row and what it is divided by. The variance is taken around the mean, in a second pass.
struct Moments {
    float mean, factor;
};

template <class T>
INLINE Moments moments(const Norm& p, const T* x) {
    const int64_t channels = p.channels;
    float mean = 0;
    if (p.centred) {
        Vector sum = {};
        each_vector(channels, [&](int64_t c, int lanes) __attribute__((always_inline)) { sum += load(x + c, lanes); });
        mean = sum_lanes(sum) / (float)channels;
    }
    Vector squares = {};
    each_vector(channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector d = load(x + c, lanes) - mean;
        for (int n = lanes; n < LANES; n++) d[n] = 0;
        squares += d * d;
    });
    return {mean, 1.f / std::sqrt(sum_lanes(squares) / (float)channels + p.epsilon)};
}

template <class T>
Status forward(const Norm& p) {
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        const float *gain = p.gain, *offset = p.offset;
        for (int64_t i = range.begin; i < range.end; i++) {
            const T* x = (const T*)p.x + i * p.channels;
            T* y = (T*)p.y + i * p.channels;
            const Moments m = moments(p, x);
            each_vector(p.channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
                Vector v = (load(x + c, lanes) - m.mean) * m.factor * load(gain + c, lanes);
                store(y + c, offset ? v + load(offset + c, lanes) : v, lanes);
            });
        }
    }
    return STATUS_OK;
}

// With g = grad_y gain: grad_x = (g - mean(g) - n mean(g n)) / deviation, without mean(g) for RMS norm.
template <class T>
INLINE void backward_row(const Norm& p, int64_t i, float* gain_sum, float* offset_sum) {
    const T *x = (const T*)p.x + i * p.channels, *grad_y = (const T*)p.grad_y + i * p.channels;
    T* grad_x = (T*)p.grad_x + i * p.channels;
    const float* gain = p.gain;
    const bool centred = p.centred;
    const Moments m = moments(p, x);
    Vector sum = {}, sum_n = {};
    each_vector(p.channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector n = (load(x + c, lanes) - m.mean) * m.factor, gy = load(grad_y + c, lanes), g = gy * load(gain + c, lanes);
        sum += g;
        sum_n += g * n;
        store(gain_sum + c, load(gain_sum + c) + gy * n);
        if (centred) store(offset_sum + c, load(offset_sum + c) + gy);
    });
    const float mean = centred ? sum_lanes(sum) / (float)p.channels : 0.f, mean_n = sum_lanes(sum_n) / (float)p.channels;
    each_vector(p.channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector n = (load(x + c, lanes) - m.mean) * m.factor, g = load(grad_y + c, lanes) * load(gain + c, lanes);
        store(grad_x + c, (g - mean - n * mean_n) * m.factor, lanes);
    });
}

template <class T>
Status backward(const Norm& p) {
    RowSums gains(p.rows, p.channels), offsets(p.rows, p.centred ? p.channels : 0);
    if (!gains.data() || !offsets.data()) return STATUS_NO_MEMORY;
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        for (int64_t i = range.begin; i < range.end; i++) backward_row<T>(p, i, gains.of(group), offsets.of(group));
    }
    gains.total(p.grad_gain);
    if (p.grad_offset) offsets.total(p.grad_offset);
    return STATUS_OK;
}

}  // namespace

Status ICL_ISA::norm_forward(const Norm& p) {
    return p.storage == STORAGE_BFLOAT16 ? forward<bfloat16>(p) : forward<float>(p);
}

Status ICL_ISA::norm_backward(const Norm& p) {
    return p.storage == STORAGE_BFLOAT16 ? backward<bfloat16>(p) : backward<float>(p);
}
