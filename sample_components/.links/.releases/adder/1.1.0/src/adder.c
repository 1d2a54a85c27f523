// Exports a newer, compatible version of the interface.

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name("demo:math/adder@1.1.0#" name)))

EXPORT("add") int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) __builtin_trap();
    return sum;
}

EXPORT("subtract") int64_t subtract(int64_t a, int64_t b) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) __builtin_trap();
    return difference;
}
