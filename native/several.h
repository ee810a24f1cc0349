// Several vectors that go through the same steps side by side. The steps of an exponential or a logarithm wait for one
// another; those of independent vectors fill the time in between.
#pragma once

#include "vector.h"

namespace {

template <int N>
struct Several {
    Vector at[N];
};

#define EACH _Pragma("GCC unroll 8") for (int i = 0; i < N; i++)  // of the N vectors of a Several<N>
#define DEFINE_OPERATOR(op)                                \
    template <int N>                                       \
    INLINE Several<N> operator op(Several<N> a, Several<N> b) { \
        EACH a.at[i] = a.at[i] op b.at[i];                 \
        return a;                                          \
    }                                                      \
    template <int N>                                       \
    INLINE Several<N> operator op(Several<N> a, float b) { \
        EACH a.at[i] = a.at[i] op b;                       \
        return a;                                          \
    }
DEFINE_OPERATOR(+)
DEFINE_OPERATOR(-)
DEFINE_OPERATOR(*)
#undef DEFINE_OPERATOR

template <int N>
INLINE Several<N> reciprocal(Several<N> x) {
    Several<N> r;
#if defined(__AVX512F__)
    EACH r.at[i] = (Vector)_mm512_rcp14_ps((__m512)x.at[i]);
    EACH r.at[i] = r.at[i] * (2.f - x.at[i] * r.at[i]);
#else
    EACH r.at[i] = 1.f / x.at[i];
#endif
    return r;
}

// max(bound, -|x|)
template <int N>
INLINE Several<N> minus_magnitude(Several<N> x, float bound) {
    EACH x.at[i] = maximum(broadcast(bound), -magnitude(x.at[i]));
    return x;
}

// Where x is positive the one, elsewhere the other.
template <int N>
INLINE Several<N> where_positive(Several<N> x, Several<N> one, Several<N> other) {
    EACH x.at[i] = x.at[i] > 0.f ? one.at[i] : other.at[i];
    return x;
}

template <int N>
INLINE Several<N> positive_part(Several<N> x) {
    EACH x.at[i] = maximum(Vector{}, x.at[i]);
    return x;
}

}  // namespace
