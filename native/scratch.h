// Working memory of one call, and how a call is divided among threads.
#pragma once

#include <cstdlib>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "vector.h"

namespace {

INLINE int thread_index() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

// Floats aligned to a cache line; `data` is null when there is no memory.
struct Scratch {
    float* data;
    explicit Scratch(int64_t count) : data((float*)aligned_alloc(64, ((size_t)count * 4 + 127) & ~(size_t)63)) {}
    ~Scratch() { free(data); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

// A half-open range, and its part number `index` of `parts`.
struct Range {
    int64_t begin, end;
};

INLINE Range part_of(int64_t count, int64_t index, int64_t parts) {
    return {count * index / parts, count * (index + 1) / parts};
}

// How work is divided: groups of prompts times groups of channel blocks.
//
// Sums over prompts are taken inside a prompt group in order, then over groups in order. The division depends on the
// shape alone and never on the number of threads, so neither do the bytes of the result.
struct Division {
    int64_t prompt_groups, channel_groups;
};

constexpr int64_t MAX_BLOCKS_PER_GROUP = 32;  // their working values stay in the second-level cache

INLINE Division divide(int64_t batch, int64_t blocks) {
    int64_t prompt_groups = smaller(batch, 32);
    int64_t enough_tasks = ceil_div(16, prompt_groups), small_enough = ceil_div(blocks, MAX_BLOCKS_PER_GROUP);
    return {prompt_groups, smaller(blocks, larger(enough_tasks, small_enough))};
}

INLINE int64_t whole_lines(int64_t floats) { return (floats + 15) & ~(int64_t)15; }

}  // namespace
