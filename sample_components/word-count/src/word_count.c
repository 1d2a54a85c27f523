// Counts the lines, words and bytes of the files that its arguments name, or of its standard input, as `wc` does. It has
// neither a standard library nor an adapter: it finds a file below the directories that were opened to it.

#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

typedef uint32_t handle;

struct text {
    const char *start;
    uint32_t length;
};
struct texts {
    struct text *start;
    uint32_t length;
};
struct directory {
    handle descriptor;
    struct text name;
};
struct directories {
    struct directory *start;
    uint32_t length;
};

// result<own<…>, error-code>: the handle or the number of the error.
struct opened {
    uint8_t is_err;
    union {
        handle handle;
        uint8_t error;
    };
};
// result<list<u8>, stream-error>
struct bytes_read {
    uint8_t is_err;
    union {
        struct text bytes;
        struct {
            uint8_t error_case;
            handle error;
        };
    };
};
struct written {
    uint8_t is_err;
    _Alignas(4) uint8_t error_case;
    handle error;
};
_Static_assert(sizeof(struct opened) == 8 && sizeof(struct bytes_read) == 12 && sizeof(struct directory) == 12,
               "not the canonical layout");

enum { FOLLOW = 1, READ = 1, NO_FLAGS = 0, LAST_OPERATION_FAILED = 0, NO_ENTRY = 20 };

IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(struct texts *result);
IMPORT("wasi:cli/stdin@0.2.0", "get-stdin") handle get_stdin(void);
IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") handle get_stdout(void);
IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") handle get_stderr(void);
IMPORT("wasi:filesystem/preopens@0.2.0", "get-directories") void get_directories(struct directories *result);
IMPORT("wasi:filesystem/types@0.2.0", "[method]descriptor.open-at")
void open_at(handle self, uint32_t path_flags, const char *path, uint32_t length, uint32_t open_flags, uint32_t flags,
             struct opened *result);
IMPORT("wasi:filesystem/types@0.2.0", "[method]descriptor.read-via-stream")
void read_via_stream(handle self, uint64_t offset, struct opened *result);
IMPORT("wasi:filesystem/types@0.2.0", "[resource-drop]descriptor") void drop_descriptor(handle self);
IMPORT("wasi:io/streams@0.2.0", "[method]input-stream.blocking-read")
void blocking_read(handle self, uint64_t most, struct bytes_read *result);
IMPORT("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
void blocking_write(handle self, const char *contents, uint32_t length, struct written *result);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]input-stream") void drop_input(handle self);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]output-stream") void drop_output(handle self);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void drop_error(handle self);

static const char *const reasons[] = {
    "access denied", "would block", "already", "bad descriptor", "busy", "deadlock", "quota", "exists",
    "file too large", "illegal bytes", "in progress", "interrupted", "invalid", "input or output failed",
    "is a directory", "loop of links", "too many links", "message size", "name too long", "no device",
    "no such file", "no lock", "no memory", "no space", "not a directory", "not empty", "not recoverable",
    "unsupported", "no terminal", "no such device", "overflow", "not permitted", "pipe", "read-only",
    "invalid seek", "text file busy", "other device",
};

// What the host hands over lies here, one after the other; what was read last is forgotten before the next is.
static _Alignas(8) char room[512 * 1024];
static uint32_t used;

EXPORT("cabi_realloc")
void *allocate(void *old, uint32_t old_size, uint32_t alignment, uint32_t size) {
    (void)old, (void)old_size;
    used = (used + alignment - 1) & ~(alignment - 1);
    if (size > sizeof room - used) __builtin_trap();
    used += size;
    return room + used - size;
}

// A line that is put together and written at once.
static char line[4096];
static uint32_t filled;

static void add(const char *start, uint32_t length) {
    for (uint32_t at = 0; at < length && filled < sizeof line; at++) line[filled++] = start[at];
}

static void add_text(const char *words) {
    for (; *words; words++) add(words, 1);
}

static void add_number(uint64_t number) {
    char digits[20];
    uint32_t at = sizeof digits;
    do digits[--at] = '0' + number % 10; while (number /= 10);
    add(digits + at, sizeof digits - at);
}

static int write_line(handle to) {
    struct written result;
    add_text("\n");
    blocking_write(to, line, filled, &result);
    filled = 0;
    if (result.is_err && result.error_case == LAST_OPERATION_FAILED) drop_error(result.error);
    return result.is_err;
}

static int is_space(char letter) {
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

// Count what a stream has, and write the line; 1 if either failed.
static int count(handle from, struct text name, handle out) {
    uint64_t lines = 0, words = 0, bytes = 0;
    int inside = 0, failed = 0;
    struct bytes_read got;
    for (;;) {
        uint32_t before = used;
        blocking_read(from, 65536, &got);
        if (got.is_err) break;
        for (uint32_t at = 0; at < got.bytes.length; at++) {
            char letter = got.bytes.start[at];
            lines += letter == '\n';
            words += !inside && !is_space(letter);
            inside = !is_space(letter);
        }
        bytes += got.bytes.length;
        used = before;
    }
    if (got.error_case == LAST_OPERATION_FAILED) drop_error(got.error), failed = 1;
    add_number(lines), add_text(" "), add_number(words), add_text(" "), add_number(bytes);
    if (name.length) add_text(" "), add(name.start, name.length);
    return write_line(out) | failed;
}

// How many letters of a path name the directory, the slash after it included; 0 if the path leads elsewhere.
static uint32_t below(struct text directory, struct text path) {
    uint32_t length = directory.length;
    if (length == 1 && directory.start[0] == '.') return path.start[0] == '/' ? 0 : path.length + 1;
    if (length > path.length) return 0;
    for (uint32_t at = 0; at < length; at++)
        if (directory.start[at] != path.start[at]) return 0;
    if (length && directory.start[length - 1] == '/') return length;
    return length < path.length && path.start[length] == '/' ? length + 1 : 0;
}

static struct opened open_file(struct directories directories, struct text path) {
    struct opened result = {.is_err = 1, .error = NO_ENTRY};
    for (uint32_t at = 0; path.length && at < directories.length; at++) {
        uint32_t skipped = below(directories.start[at].name, path);
        if (!skipped) continue;
        if (skipped > path.length) skipped = 0;
        open_at(directories.start[at].descriptor, FOLLOW, path.start + skipped, path.length - skipped, NO_FLAGS, READ,
                &result);
        if (!result.is_err) break;
    }
    return result;
}

static int count_file(struct directories directories, struct text path, handle out, handle err) {
    struct opened file = open_file(directories, path), stream = file;
    if (!file.is_err) read_via_stream(file.handle, 0, &stream);
    int failed = 1;
    if (stream.is_err) {
        add(path.start, path.length), add_text(": "), add_text(reasons[stream.error]);
        write_line(err);
    } else {
        failed = count(stream.handle, path, out);
        drop_input(stream.handle);
    }
    if (!file.is_err) drop_descriptor(file.handle);
    return failed;
}

// 0 is ok and 1 is error.
EXPORT("wasi:cli/run@0.2.0#run") uint32_t run(void) {
    struct texts words;
    struct directories directories;
    get_arguments(&words);
    get_directories(&directories);
    handle out = get_stdout(), err = get_stderr();
    uint32_t failed = 0;
    if (words.length < 2) {
        handle input = get_stdin();
        failed = count(input, (struct text){"", 0}, out);
        drop_input(input);
    }
    for (uint32_t at = 1; at < words.length; at++) failed |= count_file(directories, words.start[at], out, err);
    for (uint32_t at = 0; at < directories.length; at++) drop_descriptor(directories.start[at].descriptor);
    drop_output(out), drop_output(err);
    return failed;
}
