// The provider of a link: an ordinary component with an exported interface.

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name("demo:math/adder@1.0.0#" name)))

EXPORT("add") int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) __builtin_trap();
    return sum;
}
