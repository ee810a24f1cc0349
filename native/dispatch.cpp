// The exported functions: each calls the kernels compiled for the best instruction set of this machine.
#include <cstring>

#include "interface.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

DECLARE_KERNELS(base)
DECLARE_LAYERS(base)
#if defined(__x86_64__)
DECLARE_KERNELS(avx2)
DECLARE_LAYERS(avx2)
DECLARE_KERNELS(avx512)
DECLARE_LAYERS(avx512)
#endif

namespace {

enum Level { BASE, AVX2, AVX512 };

Level best_level() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return AVX2;
#endif
    return BASE;
}

Level level = best_level();

}  // namespace

#if defined(__x86_64__)
#define CALL(function, argument)                                  \
    (level == AVX512 ? avx512::function(argument)                 \
                     : level == AVX2 ? avx2::function(argument) : base::function(argument))
#else
#define CALL(function, argument) base::function(argument)
#endif

EXPORT int32_t icl_abi_version() { return ABI_VERSION; }

// The sizes of the structures, to be compared with Python's mirror of them.
EXPORT int64_t icl_size_of_scan_backward() { return sizeof(ScanBackward); }
EXPORT int64_t icl_size_of_convolution() { return sizeof(Convolution); }
EXPORT int64_t icl_size_of_layers() { return sizeof(Attention) + sizeof(Activation) + sizeof(Norm) + sizeof(Recurrence); }

// 0 base, 1 AVX2, 2 AVX-512. Choosing more than the machine has leaves its best.
EXPORT int32_t icl_instruction_set() { return level; }
EXPORT void icl_limit_instruction_set(int32_t limit) {
    Level best = best_level();
    level = limit < best ? (Level)limit : best;
}

EXPORT int64_t icl_scan_checkpoint_floats(const ScanSizes* sizes) { return CALL(scan_checkpoint_floats, *sizes); }
EXPORT int32_t icl_scan_forward(const ScanForward* problem) { return CALL(scan_forward, *problem); }
EXPORT int32_t icl_scan_backward(const ScanBackward* problem) { return CALL(scan_backward, *problem); }
EXPORT int32_t icl_convolution_forward(const Convolution* problem) { return CALL(convolution_forward, *problem); }
EXPORT int32_t icl_convolution_backward(const Convolution* problem) { return CALL(convolution_backward, *problem); }

EXPORT int32_t icl_attention_forward(const Attention* problem) { return CALL(attention_forward, *problem); }
EXPORT int32_t icl_attention_backward(const Attention* problem) { return CALL(attention_backward, *problem); }
EXPORT int32_t icl_gelu_forward(const Activation* problem) { return CALL(gelu_forward, *problem); }
EXPORT int32_t icl_gelu_backward(const Activation* problem) { return CALL(gelu_backward, *problem); }
EXPORT int32_t icl_rms_norm_forward(const Norm* problem) { return CALL(rms_norm_forward, *problem); }
EXPORT int32_t icl_rms_norm_backward(const Norm* problem) { return CALL(rms_norm_backward, *problem); }
EXPORT int32_t icl_recurrence_forward(const Recurrence* problem) { return CALL(recurrence_forward, *problem); }
EXPORT int32_t icl_recurrence_backward(const Recurrence* problem) { return CALL(recurrence_backward, *problem); }
