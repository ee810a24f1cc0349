// What Python and the kernels say to one another: plain structures of pointers, sizes and strides, mirrored in
// `icl_lab/kernels/library.py`. A change here is a change of ABI_VERSION.
//
// Tensors are channels-last. Strides count elements; the stride along channels is 1.
#pragma once

#include <cstdint>

constexpr int32_t ABI_VERSION = 3;

enum Status : int32_t { STATUS_OK = 0, STATUS_NO_MEMORY = 1, STATUS_UNSUPPORTED = 2 };
enum Storage : int32_t { STORAGE_FLOAT32 = 0, STORAGE_BFLOAT16 = 1 };

// A (batch, num_tokens, channels or states) tensor; `data` is null where an optional one is absent.
struct Sequence {
    void* data;
    int64_t batch_stride, token_stride;
};

struct ScanSizes {
    int64_t batch, num_tokens, channels, d_state;
    int32_t threads, softplus;
    int32_t storage, rank;  // storage of all sequences (parameters and states are float); 0, or the width of dt
};

// With a rank, a token's step sizes are dt_weight times the `rank` numbers that it has in dt.
struct ScanForward {
    ScanSizes sizes;
    Sequence u, dt, B, C, z;                        // z optional
    const float* dt_weight;                         // (channels, rank), where there is a rank
    const float *A, *D, *dt_bias, *initial_state;   // (channels, d_state); (channels), optional; same; (batch, channels, d_state), optional
    Sequence y;                                     // outputs
    float *final_state, *checkpoints;               // optional both; see scan_checkpoint_floats
};

struct ScanBackward {
    ScanForward forward;                            // its inputs, and the checkpoints that it wrote; y is not read
    Sequence grad_y;
    const float* grad_final_state;                  // optional
    Sequence grad_u, grad_dt, grad_B, grad_C, grad_z;  // outputs; grad_z optional
    float *grad_A, *grad_D, *grad_dt_bias, *grad_initial_state;  // outputs; all but grad_A optional
    float* grad_dt_weight;                          // output, where there is a rank
};

struct Convolution {
    int64_t batch, num_tokens, channels, width;
    int32_t threads, silu;
    int32_t storage, reserved;
    Sequence x;
    const float *weight, *bias;                     // (channels, width); (channels), optional
    Sequence y;                                     // output of the forward pass
    Sequence grad_y, grad_x;                        // backward pass
    float *grad_weight, *grad_bias;                 // grad_bias optional
};

// A (batch, num_tokens, num_heads, d_head) tensor.
struct Heads {
    void* data;
    int64_t batch_stride, token_stride, head_stride;
};

struct Attention {
    int64_t batch, num_tokens, num_heads, d_head, window;  // window: tokens that a query sees, itself included
    int32_t threads, storage;
    float scale;
    int32_t reserved;
    Heads q, k, v;
    Heads y;                                        // output of the forward pass
    float* statistics;                              // (batch, num_heads, 2, num_tokens): largest score, sum of exponentials
    Heads grad_y, grad_q, grad_k, grad_v;           // backward pass
};

// A contiguous (rows, channels) tensor each; parameters are float.
struct Activation {
    int64_t rows, channels;
    int32_t threads, storage;
    const void* x;
    const float* bias;                              // (channels)
    void* y;                                        // output of both passes
    const void* grad_y;                             // backward pass
    void* grad_x;                                   // may be grad_y
    float* grad_bias;
};

struct Norm {
    int64_t rows, channels;
    int32_t threads, storage;
    float epsilon;
    int32_t reserved;
    const void* x;
    const float* gain;                              // (channels)
    void* y;                                        // output of the forward pass
    const void* grad_y;                             // backward pass
    void* grad_x;
    float* grad_gain;
};

// S_t = Diag(exp(log_decay_t)) S_{t-1} + k_t v_t^T, read by y_t = S_t^T q_t; with `right`, r_t = S_{t-1}^T right_t is added
// to v_t or, where there is a `left`, written along that. q, k, left and right are d_key wide, v and y d_value.
struct Recurrence {
    int64_t batch, num_heads, num_tokens, d_key, d_value;
    int64_t interval;                               // tokens from one checkpoint to the next
    int32_t threads, decay_channels;                // 1: log_decay is d_key wide; 0: one number a token
    Heads q, k, v, log_decay, left, right;          // left and right optional, left only with right
    const float* initial_state;                     // (batch, num_heads, d_key, d_value), optional
    Heads y;                                        // outputs of the forward pass
    float* final_state;                             // as initial_state; optional
    float* checkpoints;                             // (batch, num_heads, num_tokens / interval rounded up, d_key, d_value), optional
    float* read;                                    // r, (batch, num_heads, num_tokens, d_value): where there are right and checkpoints
    Heads grad_y;                                   // backward pass
    const float* grad_final_state;                  // optional
    Heads grad_q, grad_k, grad_v, grad_log_decay, grad_left, grad_right;
    float* grad_initial_state;                      // optional
};

// One set of these is compiled for each instruction set; `dispatch.cpp` exports the one that runs here.
#define DECLARE_KERNELS(isa)                                    \
    namespace isa {                                             \
    int64_t scan_checkpoint_floats(const ScanSizes& sizes);     \
    Status scan_forward(const ScanForward& problem);            \
    Status scan_backward(const ScanBackward& problem);          \
    Status convolution_forward(const Convolution& problem);     \
    Status convolution_backward(const Convolution& problem);    \
    }

#define DECLARE_LAYERS(isa)                                     \
    namespace isa {                                             \
    Status attention_forward(const Attention& problem);         \
    Status attention_backward(const Attention& problem);        \
    Status gelu_forward(const Activation& problem);             \
    Status gelu_backward(const Activation& problem);            \
    Status rms_norm_forward(const Norm& problem);               \
    Status rms_norm_backward(const Norm& problem);              \
    Status recurrence_forward(const Recurrence& problem);       \
    Status recurrence_backward(const Recurrence& problem);      \
    }
