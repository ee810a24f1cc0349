// Rows divided among threads, with sums over rows whose order does not depend on how many threads there are.
#pragma once

#include "scratch.h"

namespace {

// Enough for any number of threads to share evenly, few enough for their sums to cost nothing.
INLINE int64_t groups_of(int64_t rows) { return smaller(rows, 64); }

// Calls f(first channel, lanes) for every vector of a row. Where the vector is whole, the compiler knows it.
template <class F>
INLINE void each_vector(int64_t channels, F f) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) f(c, LANES);
    if (c < channels) f(c, (int)(channels - c));
}

// A sum over rows for every channel: by group, in order, then over the groups, in order.
class RowSums {
    int64_t groups_, channels_, stride_;
    Scratch memory_;

public:
    RowSums(int64_t rows, int64_t channels)
        : groups_(groups_of(rows)), channels_(channels), stride_(whole_lines(channels)), memory_(groups_ * stride_) {
        if (memory_.data) fill_zero(memory_.data, groups_ * stride_);
    }

    float* data() { return memory_.data; }
    float* of(int64_t group) { return memory_.data + group * stride_; }

    void total(float* out) {
        for (int64_t c = 0; c < channels_; c += LANES) {
            Vector sum = {};
            for (int64_t group = 0; group < groups_; group++) sum += load(of(group) + c);
            store(out + c, sum, (int)smaller(LANES, channels_ - c));
        }
    }
};

}  // namespace
