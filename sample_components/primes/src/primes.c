// Primes by trial division: deliberately the slow way, to have something to meter. Numbers cross the boundary as they
// are, so there is no memory to look after and no glue at all.

#include <stdbool.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

static bool is_prime(uint32_t candidate) {
    if (candidate < 4) return candidate >= 2;
    if (candidate % 2 == 0) return false;
    for (uint32_t divisor = 3; divisor <= candidate / divisor; divisor += 2) {
        if (candidate % divisor == 0) return false;
    }
    return true;
}

EXPORT("count") uint32_t count(uint32_t limit) {
    uint32_t found = 0;
    for (uint64_t candidate = 2; candidate <= limit; candidate++) found += is_prime((uint32_t)candidate);
    return found;
}

EXPORT("nth") uint32_t nth(uint32_t n) {
    if (n == 0) __builtin_trap();
    for (uint32_t candidate = 2; candidate != 0; candidate++) {
        if (is_prime(candidate) && --n == 0) return candidate;
    }
    __builtin_trap();
}

EXPORT("spin") void spin(void) {
    for (;;) {
    }
}
