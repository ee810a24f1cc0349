// Forward pass of the selective scan: chunk after chunk, all channel blocks of a prompt side by side, so that memory is
// read as rows; the states of the blocks wait in the second-level cache.
#include "scan_chunk.h"

DECLARE_KERNELS(ICL_ISA)

namespace {

constexpr int GROUP = 8;  // states in registers at a time

struct Workspace {
    const float *binary_rates, *largest_rate, *dt_weight;  // of all threads
    float* states;                                         // from here on one thread's
    Shared shared;
};

// All states of one block through one chunk, eight at a time, then the rest one by one.
INLINE void advance_all(const ScanForward& p, const Workspace& w, int64_t j, int64_t count, Chunk& chunk) {
    const int64_t n = p.sizes.d_state;
    int64_t k = 0;
    for (; k + GROUP <= n; k += GROUP) {
        Group g = {w.binary_rates + (j * n + k) * LANES, w.shared.B + k, w.shared.C + k, n};
        advance_group<GROUP, false>(g, w.largest_rate[j], count, w.states + (j * n + k) * LANES, chunk, nullptr, nullptr);
    }
    for (; k + 4 <= n; k += 4) {
        Group g = {w.binary_rates + (j * n + k) * LANES, w.shared.B + k, w.shared.C + k, n};
        advance_group<4, false>(g, w.largest_rate[j], count, w.states + (j * n + k) * LANES, chunk, nullptr, nullptr);
    }
    for (; k < n; k++) {
        Group g = {w.binary_rates + (j * n + k) * LANES, w.shared.B + k, w.shared.C + k, n};
        advance_group<1, false>(g, w.largest_rate[j], count, w.states + (j * n + k) * LANES, chunk, nullptr, nullptr);
    }
}

// The outputs of N tokens from `t` on, gated.
template <class T, int N>
INLINE void write_tokens(const ScanForward& p, Tokens tokens, int64_t t, Block block, const Chunk& chunk) {
    Several<N> y, z;
    EACH y.at[i] = load(chunk.y.at[t + i]);
    if (p.z.data) {
        EACH {
            const T* from = row<T>(p.z, tokens.prompt, tokens.first + t + i) + block.channel;
            __builtin_prefetch(from + 2 * LANES);
            z.at[i] = load(from, block.lanes);
        }
        y = y * z * sigmoid(z);
    }
    EACH {
        T* to = row<T>(p.y, tokens.prompt, tokens.first + t + i) + block.channel;
        __builtin_prefetch(to + 2 * LANES, 1);
        store(to, y.at[i], block.lanes);
    }
}

template <class T>
INLINE void write_output(const ScanForward& p, Tokens tokens, Block block, const Chunk& chunk) {
    int64_t t = 0;
    for (; t + SIDE_BY_SIDE <= tokens.count; t += SIDE_BY_SIDE) write_tokens<T, SIDE_BY_SIDE>(p, tokens, t, block, chunk);
    for (; t < tokens.count; t++) write_tokens<T, 1>(p, tokens, t, block, chunk);
}

// One prompt, the channel blocks of one range.
template <class T>
void scan_prompt(const ScanForward& p, const Workspace& w, int64_t prompt, Range blocks) {
    const ScanSizes& s = p.sizes;
    const int64_t state_floats = s.d_state * LANES;
    Chunk chunk;
    for (int64_t j = blocks.begin; j < blocks.end; j++)
        read_state(p.initial_state, s, prompt, block_at(j, s.channels), w.states + j * state_floats);
    for (int64_t c = 0; c < ceil_div(s.num_tokens, CHUNK); c++) {
        Tokens tokens = {prompt, c * CHUNK, smaller(CHUNK, s.num_tokens - c * CHUNK)};
        gather_shared<T>(p, tokens, w.shared);
        for (int64_t j = blocks.begin; j < blocks.end; j++) {
            if (p.checkpoints) memcpy(checkpoint(p, prompt, c, j), w.states + j * state_floats, 4 * state_floats);
            LowRank low_rank = {w.shared.low, w.dt_weight + j * s.rank * LANES};
            prepare<T, false>(p, tokens, block_at(j, s.channels), low_rank, chunk);
            advance_all(p, w, j, tokens.count, chunk);
            write_output<T>(p, tokens, block_at(j, s.channels), chunk);
        }
    }
    for (int64_t j = blocks.begin; j < blocks.end; j++)
        write_state(w.states + j * state_floats, s, prompt, block_at(j, s.channels), p.final_state);
}

template <class T>
Status run(const ScanForward& p) {
    const ScanSizes& s = p.sizes;
    const int64_t blocks = ceil_div(s.channels, LANES), state_floats = blocks * s.d_state * LANES;
    const int64_t per_thread = whole_lines(state_floats) + shared_floats(s);
    const int64_t channel_groups = smaller(blocks, ceil_div(4 * s.threads, s.batch));
    Scratch rates(2 * state_floats + blocks), own(per_thread * s.threads), dt_weight(blocks * s.rank * LANES);
    if (!rates.data || !own.data || !dt_weight.data) return STATUS_NO_MEMORY;
    float *binary_rates = rates.data + state_floats, *largest_rate = binary_rates + state_floats;
    arrange_decay(p, rates.data, binary_rates, largest_rate);
    arrange_dt_weight(p, dt_weight.data);
#pragma omp parallel num_threads(s.threads)
    {
        float* mine = own.data + per_thread * thread_index();
        Workspace w = {binary_rates, largest_rate, dt_weight.data, mine, shared_at(mine + whole_lines(state_floats), s)};
#pragma omp for schedule(dynamic)
        for (int64_t task = 0; task < s.batch * channel_groups; task++)
            scan_prompt<T>(p, w, task / channel_groups, part_of(blocks, task % channel_groups, channel_groups));
    }
    return STATUS_OK;
}

}  // namespace

int64_t ICL_ISA::scan_checkpoint_floats(const ScanSizes& s) {
    return s.batch * ceil_div(s.num_tokens, CHUNK) * ceil_div(s.channels, LANES) * s.d_state * LANES;
}

Status ICL_ISA::scan_forward(const ScanForward& p) {
    return p.sizes.storage == STORAGE_BFLOAT16 ? run<bfloat16>(p) : run<float>(p);
}
