// The provider of a link with a resource. What callers hold is a handle; the host calls the destructor when the last
// one drops it, or when the component that held it ends.

#include <stdbool.h>
#include <stdint.h>

#define CARTS "demo:shop/carts@1.0.0"
#define IMPORT(name) __attribute__((import_module("[export]" CARTS), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define MOST 32

struct cart {
    bool used;
    uint64_t total;
};

IMPORT("[resource-new]cart") extern int32_t new_handle(struct cart *cart);
IMPORT("[resource-rep]cart") extern struct cart *cart_of(int32_t handle);
IMPORT("[resource-drop]cart") extern void drop_handle(int32_t handle);

static struct cart carts[MOST];
static uint32_t gone;

EXPORT(CARTS "#[constructor]cart") int32_t make(void) {
    for (struct cart *cart = carts; cart < carts + MOST; cart++) {
        if (!cart->used) {
            *cart = (struct cart){.used = true};
            return new_handle(cart);
        }
    }
    __builtin_trap();
}

EXPORT(CARTS "#[method]cart.put") uint64_t put(struct cart *cart, uint32_t cents, uint32_t count) {
    return cart->total += (uint64_t)cents * count;
}

EXPORT(CARTS "#[method]cart.total") uint64_t total(struct cart *cart) { return cart->total; }

EXPORT(CARTS "#[static]cart.merge") int32_t merge(int32_t one, int32_t other) {
    // Handles that are passed by value belong to this component now: one goes back, the other is dropped.
    cart_of(one)->total += cart_of(other)->total;
    drop_handle(other);
    return one;
}

EXPORT(CARTS "#[dtor]cart") void destroy(struct cart *cart) {
    cart->used = false;
    gone++;
}

EXPORT("open") uint32_t open_carts(void) {
    uint32_t found = 0;
    for (struct cart *cart = carts; cart < carts + MOST; cart++) found += cart->used;
    return found;
}

EXPORT("dropped") uint32_t dropped(void) { return gone; }
