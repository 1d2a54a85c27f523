// Answers requests. It imports nothing: whoever may ask it is up to the one that asks, and to the host.

#include <stdbool.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define HANDLER "airssys:core-component/message-handler@1.0.0#handle-message"

// The layouts that the Component Model prescribes, which are those of C.

struct text {
    const char *start;
    uint32_t length;
};
struct number {
    bool given;
    uint64_t value;
};
struct payload {
    uint8_t kind;  // 0 text, 1 binary
    struct text content;
};
struct message {
    struct text id;
    uint8_t kind;  // 0 sent, 1 request, 2 published
    struct {
        bool given;
        struct text namespace, name;
    } sender;
    struct {
        bool given;
        struct text name;
    } topic;
    struct number correlation;
    struct number codec;
    struct payload body;
    _Alignas(8) struct {
        uint64_t seconds;
        uint32_t nanoseconds;
    } sent_at;
    struct number time_left;
    uint32_t attempt;
    struct text trace_id;
};
struct handled {
    uint8_t failed;
    _Alignas(4) bool given;
    struct payload answer;
};

_Static_assert(sizeof(struct message) == 144, "component-message has 144 bytes");
_Static_assert(sizeof(struct handled) == 20, "its result has 20");

extern unsigned char __heap_base;
static uintptr_t top;
static uint64_t count;

// Room for what comes in. All of it is forgotten after the call.
EXPORT("cabi_realloc") uintptr_t allocate(uintptr_t old, uint32_t old_size, uint32_t alignment, uint32_t size) {
    if (old_size) __builtin_trap();  // the host never lets grow what it copies in
    if (!top) top = (uintptr_t)&__heap_base;
    old = (top + alignment - 1) & ~(uintptr_t)(alignment - 1);
    uint32_t have = __builtin_wasm_memory_size(0), need = (uint32_t)((old + size + 0xffff) >> 16);
    if (need > have && __builtin_wasm_memory_grow(0, need - have) == (unsigned long)-1) __builtin_trap();
    top = old + size;
    return old;
}

static bool is_ping(struct text said) {
    const char *start = said.start;
    return said.length == 4 && start[0] == 'p' && start[1] == 'i' && start[2] == 'n' && start[3] == 'g';
}

EXPORT(HANDLER) struct handled *handle(struct message *message) {
    static struct handled result;
    count++;
    result = (struct handled){.given = true, .answer = message->body};
    if (is_ping(message->body.content)) result.answer.content = (struct text){"pong", 4};
    return &result;
}

EXPORT("cabi_post_" HANDLER) void forget(struct handled *result) {
    (void)result;
    top = 0;
}

EXPORT("taken") uint64_t taken(void) { return count; }
