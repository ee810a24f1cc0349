// Vectors across vectors: transposition of LANES of them in registers, and their sums over lanes side by side.
#pragma once

#include <utility>

#include "vector.h"

namespace {

// One of the two rows that a step of a transposition makes of two: with bit D of the column set (HIGH) or not, the columns
// of a come first.
template <int D, bool HIGH, size_t... I>
INLINE Vector mix(Vector a, Vector b, std::index_sequence<I...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, (HIGH ? (I & D ? I + LANES : I + D) : (I & D ? I - D + LANES : I))...);
#else
    const IntVector from = {(int32_t)(HIGH ? (I & D ? I + LANES : I + D) : (I & D ? I - D + LANES : I))...};
    return __builtin_shuffle(a, b, from);
#endif
}

template <int D>
INLINE void transpose_step(Vector* x) {
    constexpr auto lanes = std::make_index_sequence<LANES>();
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        if (!(i & D)) {
            Vector low = mix<D, false>(x[i], x[i + D], lanes), high = mix<D, true>(x[i], x[i + D], lanes);
            x[i] = low, x[i + D] = high;
        }
    if constexpr (2 * D < LANES) transpose_step<2 * D>(x);
}

// The sums over lanes of LANES vectors, one a lane. Each step adds halves of two vectors, and leaves half as many.
template <int D = 1>
INLINE Vector sums_of_lanes(Vector* x) {
    constexpr auto lanes = std::make_index_sequence<LANES>();
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i += 2 * D) x[i] = mix<D, false>(x[i], x[i + D], lanes) + mix<D, true>(x[i], x[i + D], lanes);
    if constexpr (2 * D < LANES)
        return sums_of_lanes<2 * D>(x);
    else
        return x[0];
}

}  // namespace
