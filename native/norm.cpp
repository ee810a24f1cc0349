// RMS norm of rows, forward and backward.
//
//   n = x / sqrt(mean(x^2) + epsilon)        y = gain n        grad_x = (g - n mean(g n)) / root,  g = grad_y gain
//
// The root is computed again in the backward pass, from a row that is in the cache then: nothing is kept.
#include <cmath>

#include "interface.h"
#include "row_groups.h"

DECLARE_LAYERS(ICL_ISA)

namespace {

// One over the root of a row's mean square.
template <class T>
INLINE float inverse_root(const Norm& p, const T* x) {
    Vector squares = {};
    each_vector(p.channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector v = load(x + c, lanes);
        squares += v * v;
    });
    return 1.f / std::sqrt(sum_lanes(squares) / (float)p.channels + p.epsilon);
}

template <class T>
Status forward(const Norm& p) {
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        const float* gain = p.gain;
        for (int64_t i = range.begin; i < range.end; i++) {
            const T* x = (const T*)p.x + i * p.channels;
            T* y = (T*)p.y + i * p.channels;
            const float factor = inverse_root(p, x);
            each_vector(p.channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
                store(y + c, load(x + c, lanes) * factor * load(gain + c, lanes), lanes);
            });
        }
    }
    return STATUS_OK;
}

template <class T>
INLINE void backward_row(const Norm& p, int64_t i, float* gain_sum) {
    const T *x = (const T*)p.x + i * p.channels, *grad_y = (const T*)p.grad_y + i * p.channels;
    T* grad_x = (T*)p.grad_x + i * p.channels;
    const float *gain = p.gain, factor = inverse_root(p, x);
    Vector sum = {};
    each_vector(p.channels, [&](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector part = load(grad_y + c, lanes) * (load(x + c, lanes) * factor);
        sum += part * load(gain + c, lanes);
        store(gain_sum + c, load(gain_sum + c) + part);
    });
    const float mean = sum_lanes(sum) / (float)p.channels;
    each_vector(p.channels, [=](int64_t c, int lanes) __attribute__((always_inline)) {
        Vector n = load(x + c, lanes) * factor, g = load(grad_y + c, lanes) * load(gain + c, lanes);
        store(grad_x + c, (g - n * mean) * factor, lanes);
    });
}

template <class T>
Status backward(const Norm& p) {
    RowSums gains(p.rows, p.channels);
    if (!gains.data()) return STATUS_NO_MEMORY;
#pragma omp parallel for num_threads(p.threads) schedule(static)
    for (int64_t group = 0; group < groups_of(p.rows); group++) {
        const Range range = part_of(p.rows, group, groups_of(p.rows));
        for (int64_t i = range.begin; i < range.end; i++) backward_row<T>(p, i, gains.of(group));
    }
    gains.total(p.grad_gain);
    return STATUS_OK;
}

}  // namespace

Status ICL_ISA::rms_norm_forward(const Norm& p) {
    return p.storage == STORAGE_BFLOAT16 ? forward<bfloat16>(p) : forward<float>(p);
}

Status ICL_ISA::rms_norm_backward(const Norm& p) {
    return p.storage == STORAGE_BFLOAT16 ? backward<bfloat16>(p) : backward<float>(p);
}
