// exp, sigmoid and softplus on vectors, to about one unit in the last place of float.
//
// A state that decays slowly sums a thousand steps, so a *bias* of its decay factor is amplified a thousand times. The
// polynomials are therefore minimax relative to the exponent: exact at 0, with an error that vanishes as the exponent does.
#pragma once

#include "several.h"

namespace {

constexpr float LOG2_E = 1.44269504f;
constexpr float LOG2_E_REST = 1.92596299e-8f;  // what float leaves of log2(e)
constexpr float LN_2 = 0.693147181f;

#if defined(__AVX512F__)

constexpr float EXPONENT_BOUND = 200000.f;  // below 2^18, where ROUND still rounds
constexpr float ROUND = 786432.f;           // 1.5 * 2^19: the last bit of a sum with it is worth 1/16

// 2^(rounded + f), |f| <= 1/32, with `shifted` = rounded + ROUND: sixteen powers fill one register, two terms do the rest.
template <int N>
INLINE Several<N> exp2_parts(Several<N> shifted, Several<N> rounded, Several<N> f) {
    const Vector sixteenths = {1.f,           1.0442737824f, 1.0905077327f, 1.1387886348f, 1.1892071150f, 1.2418578121f,
                               1.2968395547f, 1.3542555469f, 1.4142135624f, 1.4768261459f, 1.5422108254f, 1.6104903319f,
                               1.6817928305f, 1.7562521604f, 1.8340080864f, 1.9152065614f};
    Several<N> power;
    EACH power.at[i] = (Vector)_mm512_permutexvar_ps((__m512i)shifted.at[i], (__m512)sixteenths);
    EACH power.at[i] = (Vector)_mm512_scalef_ps((__m512)power.at[i], (__m512)rounded.at[i]);
    Several<N> q = (f * 0.05550541f + 0.24023355f) * f + LN_2;
    return power * f * q + power;
}

#else

constexpr float EXPONENT_BOUND = 126.f;  // the exponent of the result is added to its bits, which must stay a float
constexpr float ROUND = 12582912.f;      // 1.5 * 2^23: the last bit of a sum with it is worth 1

// 2^(rounded + f), |f| <= 1/2, with `shifted` = rounded + ROUND.
template <int N>
INLINE Several<N> exp2_parts(Several<N> shifted, Several<N>, Several<N> f) {
    Several<N> q = (f * 0.000154673569f + 0.00133867494f) * f + 0.00961804035f;
    q = ((q * f + 0.0555036970f) * f + 0.240226510f) * f + LN_2;
    q = q * f + 1.f;
    EACH q.at[i] = (Vector)((IntVector)q.at[i] + ((IntVector)shifted.at[i] << 23));
    return q;
}

#endif

INLINE Vector exp2_parts(Vector shifted, Vector rounded, Vector f) {
    return exp2_parts(Several<1>{{shifted}}, Several<1>{{rounded}}, Several<1>{{f}}).at[0];
}

// 2^(a b), for |a b| below EXPONENT_BOUND.
INLINE Vector exp2_product(Vector a, Vector b) {
    Vector shifted = a * b + ROUND, rounded = shifted - ROUND;
    return exp2_parts(shifted, rounded, a * b - rounded);
}

// 2^(a b) for any a b: far out it saturates, to 0 and infinity with AVX-512, to 2^-126 and 2^126 elsewhere.
INLINE Vector exp2_product_saturating(Vector a, Vector b) {
    Vector x = minimum(broadcast(EXPONENT_BOUND), maximum(broadcast(-EXPONENT_BOUND), a * b));
    Vector shifted = x + ROUND, rounded = shifted - ROUND;
    return exp2_parts(shifted, rounded, x - rounded);
}

// exp(-|x|)
template <int N>
INLINE Several<N> exp_minus_magnitude(Several<N> x) {
    Several<N> y = minus_magnitude(x, -87.f), shifted = y * LOG2_E + ROUND, rounded = shifted - ROUND;
    return exp2_parts(shifted, rounded, y * LOG2_E - rounded + y * LOG2_E_REST);
}

template <int N>
INLINE Several<N> sigmoid(Several<N> x) {
    Several<N> e = exp_minus_magnitude(x), r = reciprocal(e + 1.f);
    return where_positive(x, r, e * r);
}

INLINE Vector sigmoid(Vector x) { return sigmoid(Several<1>{{x}}).at[0]; }

// log(1 + exp(x)), accurate relative to its value even where that is tiny; its derivative is the sigmoid.
template <int N>
INLINE Several<N> softplus(Several<N> x, Several<N>* derivative) {
    Several<N> e = exp_minus_magnitude(x), s = e * reciprocal(e + 2.f), s2 = s * s;
    Several<N> p = s2 * 0.14012229f + 0.13999571f;  // log(1 + e) = 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...)
    p = ((p * s2 + 0.2001085f) * s2 + 0.33333207f) * s2 + 1.f;
    Several<N> r = reciprocal(e + 1.f);
    *derivative = where_positive(x, r, e * r);
    return positive_part(x) + s * 2.f * p;
}

}  // namespace
