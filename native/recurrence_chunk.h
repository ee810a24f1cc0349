// What both passes of the matrix-valued recurrence share: where one head's rows are, and a chunk of them in float.
#pragma once

#include "exponential.h"
#include "interface.h"
#include "scratch.h"

namespace {

// One head of one prompt: its rows in a tensor; `data` is null where an optional one is absent.
struct Rows {
    float* data;
    int64_t token_stride;

    Rows(const Heads& all, int64_t prompt, int64_t head)
        : data(all.data ? (float*)all.data + prompt * all.batch_stride + head * all.head_stride : nullptr),
          token_stride(all.token_stride) {}

    float* operator[](int64_t token) const { return data + token * token_stride; }
};

// A run of tokens of one head of one prompt.
struct Run {
    int64_t prompt, head, first, count;
};

INLINE int64_t in_whole_vectors(int64_t width) { return ceil_div(width, LANES) * LANES; }

INLINE void copy_row(const float* from, int64_t width, float* to) {
    for (int64_t c = 0; c < width; c += LANES) store(to + c, load(from + c, (int)smaller(LANES, width - c)));
}

// (count, width) numbers, with zeros up to whole vectors.
INLINE void copy_in(const Heads& all, Run run, int64_t width, float* to) {
    const Rows rows(all, run.prompt, run.head);
    for (int64_t t = 0; t < run.count; t++) copy_row(rows[run.first + t], width, to + t * in_whole_vectors(width));
}

// (count, width) numbers, the rows of which are whole vectors apart.
INLINE void copy_out(const float* from, int64_t width, const Heads& all, Run run) {
    const Rows rows(all, run.prompt, run.head);
    for (int64_t t = 0; t < run.count; t++)
        for (int64_t c = 0; c < width; c += LANES)
            store(rows[run.first + t] + c, load(from + t * in_whole_vectors(width) + c), (int)smaller(LANES, width - c));
}

// e^x, up to e^88; below -87, where floats end, zero: what decays that much is forgotten.
INLINE Vector decay_factor(Vector x) {
    Vector y = minimum(broadcast(88.f), maximum(broadcast(-87.f), x));
    Vector shifted = y * LOG2_E + ROUND, rounded = shifted - ROUND;
    Vector e = exp2_parts(shifted, rounded, y * LOG2_E - rounded + y * LOG2_E_REST);
    return x < -87.f ? Vector{} : e;
}

// The decays of a run, (count, d_key) up to whole vectors. Channels past the last are zero, or never looked at.
INLINE void copy_decays(const Recurrence& p, Run run, float* to) {
    const int64_t width = in_whole_vectors(p.d_key);
    if (p.decay_channels) {
        copy_in(p.log_decay, run, p.d_key, to);
        for (int64_t c = 0; c < run.count * width; c += LANES) store(to + c, decay_factor(load(to + c)));
        return;
    }
    const Rows rows(p.log_decay, run.prompt, run.head);
    for (int64_t t = 0; t < run.count; t++) {
        const Vector a = decay_factor(broadcast(*rows[run.first + t]));
        for (int64_t c = 0; c < width; c += LANES) store(to + t * width + c, a);
    }
}

// The matrix of one head of one prompt in a (batch, num_heads, d_key, d_value) tensor that may be absent.
INLINE float* state_of(const Recurrence& p, const float* states, int64_t prompt, int64_t head) {
    return states ? (float*)states + (prompt * p.num_heads + head) * p.d_key * p.d_value : nullptr;
}

INLINE float* checkpoint_of(const Recurrence& p, int64_t prompt, int64_t head, int64_t token) {
    const int64_t each = ceil_div(p.num_tokens, p.interval);
    return p.checkpoints + (((prompt * p.num_heads + head) * each) + token / p.interval) * p.d_key * p.d_value;
}

INLINE float* read_of(const Recurrence& p, int64_t prompt, int64_t head, int64_t token) {
    return p.read + ((prompt * p.num_heads + head) * p.num_tokens + token) * p.d_value;
}

}  // namespace
