//! Greets people. It keeps no state; what it shows is how each kind of WIT value looks in Zig.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    airssys.exportMetadata(@This());
    const greetings = "airssys:greeter/greetings@1.0.0#";
    abi.exportAs(greetings ++ "greet", greetFlat);
    abi.exportAs(greetings ++ "greet-all", greetAll);
    abi.exportAs(greetings ++ "address", addressFlat);
    abi.exportAs(greetings ++ "wish", wish);
    abi.exportAs(greetings ++ "measure", measure);
    abi.exportAs(greetings ++ "initial", initial);
    abi.exportAs(greetings ++ "reverse", reverse);
    abi.exportAs(greetings ++ "mean", mean);
    abi.exportAs("hello", hello);
}

// The types of `greetings`. An extern struct has the layout of a record; a `tag` and an extern union that of a variant.

const Mood = enum(u8) { cheerful, formal, tired };

const Wishes = packed struct(u8) { health: bool, wealth: bool, long_life: bool, _: u5 = 0 };

const Person = struct {
    name: []const u8,
    title: ?[]const u8,
    age: ?u8,
    languages: []const String,
};

const Greeting = extern struct { text: String, mood: Mood, wishes: Wishes, characters: u32 };

const Fault = extern struct {
    tag: enum(u8) { nameless, too_long, too_old },
    value: extern union { none: abi.Nothing, too_long: u32, too_old: u8 },
};

const Answer = abi.Result(Greeting, Fault);

const longest_name = 100;
const oldest = 130;

// greet

fn greet(whom: Person, mood: Mood) Answer {
    if (whom.name.len == 0) return Answer.err(.{ .tag = .nameless, .value = .{ .none = .{} } });
    if (whom.name.len > longest_name)
        return Answer.err(.{ .tag = .too_long, .value = .{ .too_long = whom.name.len } });
    if (whom.age) |age| {
        if (age > oldest) return Answer.err(.{ .tag = .too_old, .value = .{ .too_old = age } });
    }
    const words = switch (mood) {
        .cheerful => abi.print("{s}, {s}!", .{ greetingWord(), fullName(whom) }),
        .formal => abi.print("{s}, {s}.", .{ greetingWord(), fullName(whom) }),
        .tired => abi.print("{s}...", .{whom.name}),
    };
    return Answer.ok(.{
        .text = String.of(words),
        .mood = mood,
        .wishes = .{
            .health = if (whom.age) |age| age >= 60 else false,
            .wealth = if (whom.age) |age| age < 30 else false,
            .long_life = whom.languages.len > 1,
        },
        .characters = characters(words),
    });
}

fn fullName(whom: Person) []const u8 {
    return if (whom.title) |title| abi.print("{s} {s}", .{ title, whom.name }) else whom.name;
}

/// What the ABI makes of `greet(person, mood)`: every field a parameter, an option a tag and its value.
fn greetFlat(
    name: [*]const u8,
    name_len: usize,
    has_title: u32,
    title: [*]const u8,
    title_len: usize,
    has_age: u32,
    age: u32,
    languages: [*]const String,
    languages_len: usize,
    mood: u32,
) callconv(.c) *const Answer {
    const whom: Person = .{
        .name = name[0..name_len],
        .title = if (has_title != 0) title[0..title_len] else null,
        .age = if (has_age != 0) @intCast(age) else null,
        .languages = languages[0..languages_len],
    };
    return abi.keep(greet(whom, @enumFromInt(mood)));
}

fn greetAll(names: [*]const String, len: usize) callconv(.c) *const abi.List(String) {
    const lines = abi.items(String, len);
    for (lines, names[0..len]) |*line, name| line.* = String.of(abi.print("{s}, {s}!", .{ greetingWord(), name.slice() }));
    return abi.keep(abi.List(String).of(lines));
}

// address

const Addressee = union(enum) { nobody, one: []const u8, group: []const String, place: []const u8 };

fn address(whom: Addressee) []const u8 {
    return switch (whom) {
        .nobody => greetingWord(),
        .one => |name| abi.print("Dear {s}", .{name}),
        .place => |name| abi.print("{s}, people of {s}", .{ greetingWord(), name }),
        .group => |names| {
            var words: []const u8 = "Dear";
            for (names, 0..) |name, index| {
                const between = if (index == 0) " " else if (index + 1 == names.len) " and " else ", ";
                words = abi.print("{s}{s}{s}", .{ words, between, name.slice() });
            }
            return words;
        },
    };
}

/// A variant becomes a tag and as many parameters as its widest case takes: here the nine of a person, of which the other
/// cases use the first two.
fn addressFlat(
    tag: u32,
    first: [*]const u8,
    first_len: usize,
    _: u32, // title
    _: u32,
    _: u32,
    _: u32, // age
    _: u32,
    _: u32, // languages
    _: u32,
) callconv(.c) *const String {
    const words = address(switch (tag) {
        0 => .nobody,
        1 => .{ .one = first[0..first_len] },
        2 => .{ .group = @as([*]const String, @ptrCast(@alignCast(first)))[0..first_len] },
        3 => .{ .place = first[0..first_len] },
        else => unreachable,
    });
    return abi.keep(String.of(words));
}

// The small ones.

fn hello(name: [*]const u8, len: usize) callconv(.c) *const String {
    return abi.keep(String.of(abi.print("{s}, {s}!", .{ greetingWord(), name[0..len] })));
}

fn wish(flags: u32) callconv(.c) *const abi.Option(String) {
    const wishes: Wishes = @bitCast(@as(u8, @truncate(flags)));
    var words: []const u8 = "";
    if (wishes.health) words = "health";
    if (wishes.wealth) words = if (words.len == 0) "wealth" else abi.print("{s}, wealth", .{words});
    if (wishes.long_life) words = if (words.len == 0) "a long life" else abi.print("{s}, a long life", .{words});
    return abi.keep(if (words.len == 0) abi.Option(String).none else abi.Option(String).some(String.of(words)));
}

const Measures = extern struct { bytes: u32, characters: u32 };

fn measure(text: [*]const u8, len: usize) callconv(.c) *const Measures {
    return abi.keep(Measures{ .bytes = len, .characters = characters(text[0..len]) });
}

fn initial(name: [*]const u8, len: usize) callconv(.c) *const abi.Option(u32) {
    var view = std.unicode.Utf8View.initUnchecked(name[0..len]).iterator();
    return abi.keep(if (view.nextCodepoint()) |char| abi.Option(u32).some(char) else abi.Option(u32).none);
}

fn reverse(data: [*]u8, len: usize) callconv(.c) *const abi.List(u8) {
    std.mem.reverse(u8, data[0..len]);
    return abi.keep(abi.List(u8).of(data[0..len]));
}

fn mean(numbers: [*]const f64, len: usize) callconv(.c) *const abi.Result(f64, String) {
    const Mean = abi.Result(f64, String);
    if (len == 0) return abi.keep(Mean.err(String.of("no numbers")));
    var sum: f64 = 0;
    for (numbers[0..len]) |value| sum += value;
    return abi.keep(Mean.ok(sum / @as(f64, @floatFromInt(len))));
}

/// The host hands over valid UTF-8 only: count the bytes that start a character.
fn characters(text: []const u8) u32 {
    var count: u32 = 0;
    for (text) |byte| count += @intFromBool(byte & 0xc0 != 0x80);
    return count;
}

// Configuration

const default_word = "Hello";

/// The word from the manifest. Values are JSON text: a string in quotes; escapes other than `\"` and `\\` are left out of
/// this sample, which then uses its default.
fn greetingWord() []const u8 {
    const json = airssys.host.config("greeting") orelse return default_word;
    if (json.len < 2 or json[0] != '"') return default_word;
    const quoted = json[1 .. json.len - 1];
    const word = abi.items(u8, quoted.len);
    var len: usize = 0;
    var escaped = false;
    for (quoted) |byte| {
        if (escaped and byte != '"' and byte != '\\') return default_word;
        if (byte == '\\' and !escaped) {
            escaped = true;
            continue;
        }
        escaped = false;
        word[len] = byte;
        len += 1;
    }
    return word[0..len];
}

// lifecycle

pub fn init(config: airssys.Config) ?airssys.Error {
    for (config.entries) |entry| {
        if (!std.mem.eql(u8, entry.key.slice(), "greeting")) continue;
        if (entry.value.len < 3 or entry.value.slice()[0] != '"')
            return airssys.failure(.invalid_config, "greeting must be a text that is not empty");
    }
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}

// metadata

pub fn describe() airssys.Metadata {
    return .{ .title = "Greeter", .description = "Greets people, with the word the configuration gives." };
}
