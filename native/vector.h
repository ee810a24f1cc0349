// Vectors of float lanes, one channel a lane, with GCC and Clang vector extensions: the same source for SSE2, AVX2,
// AVX-512 and NEON. Storage is float or bfloat16; arithmetic is always float.
//
// Everything lives in an anonymous namespace: a function compiled for one instruction set must never be merged by the
// linker with its twin compiled for another.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t IntVector __attribute__((vector_size(4 * LANES)));
typedef uint32_t UintVector __attribute__((vector_size(4 * LANES)));
typedef uint16_t HalfVector __attribute__((vector_size(2 * LANES)));

struct bfloat16 {
    uint16_t bits;
};

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

INLINE Vector broadcast(float x) { return x - Vector{}; }

// A NaN in the second argument survives both, which is why bounds come first. The compilers do not always recognise the
// plain form as one instruction.
#if defined(__AVX512F__)
INLINE Vector maximum(Vector a, Vector b) { return (Vector)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE Vector minimum(Vector a, Vector b) { return (Vector)_mm512_min_ps((__m512)a, (__m512)b); }
#elif defined(__AVX__)
INLINE Vector maximum(Vector a, Vector b) { return (Vector)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE Vector minimum(Vector a, Vector b) { return (Vector)_mm256_min_ps((__m256)a, (__m256)b); }
#else
INLINE Vector maximum(Vector a, Vector b) { return a > b ? a : b; }
INLINE Vector minimum(Vector a, Vector b) { return a < b ? a : b; }
#endif
INLINE Vector magnitude(Vector x) { return (Vector)((IntVector)x & 0x7fffffff); }

INLINE Vector load(const float* p) {
    Vector v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float* p, Vector v) { memcpy(p, &v, sizeof v); }

INLINE Vector widen(HalfVector h) { return (Vector)(__builtin_convertvector(h, UintVector) << 16); }

// Round to nearest even; a NaN keeps its sign and becomes quiet.
INLINE HalfVector narrow(Vector v) {
    UintVector bits = (UintVector)v;
    UintVector rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    UintVector quiet = (bits >> 16) | 0x40;
    IntVector is_number = v == v;
    return __builtin_convertvector(is_number ? rounded : quiet, HalfVector);
}

// The first `lanes` lanes in memory; the others read as zero and are not written.
INLINE Vector load(const float* p, int lanes) {
    if (lanes >= LANES) return load(p);
#if defined(__AVX512F__)
    return (Vector)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), p);
#else
    Vector v = {};
    memcpy(&v, p, 4 * lanes);
    return v;
#endif
}

INLINE void store(float* p, Vector v, int lanes) {
    if (lanes >= LANES) return store(p, v);
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << lanes) - 1), (__m512)v);
#else
    memcpy(p, &v, 4 * lanes);
#endif
}

INLINE Vector load(const bfloat16* p, int lanes) {
    HalfVector h = {};
    if (lanes >= LANES)
        memcpy(&h, p, sizeof h);
    else
        memcpy(&h, p, 2 * lanes);
    return widen(h);
}

INLINE void store(bfloat16* p, Vector v, int lanes) {
    HalfVector h = narrow(v);
    if (lanes >= LANES)
        memcpy(p, &h, sizeof h);
    else
        memcpy(p, &h, 2 * lanes);
}

INLINE float to_float(float x) { return x; }

INLINE float to_float(bfloat16 x) {
    uint32_t bits = (uint32_t)x.bits << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

INLINE void store_scalar(float* p, float x) { *p = x; }
INLINE void store_scalar(bfloat16* p, float x) { store(p, broadcast(x), 1); }

INLINE float sum_lanes(Vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#else
    float x[LANES];
    memcpy(x, &v, sizeof x);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) x[i] += x[i + half];
    return x[0];
#endif
}

INLINE float max_lane(Vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#endif
    float x[LANES], best;
    memcpy(x, &v, sizeof x);
    best = x[0];
    for (int i = 1; i < LANES; i++) best = x[i] > best ? x[i] : best;
    return best;
}

INLINE void fill_zero(float* p, int64_t count) { memset(p, 0, 4 * (size_t)count); }

}  // namespace
