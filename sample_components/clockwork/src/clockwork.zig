//! A clock. The host keeps its timers and tells it the time; what is here is what to do when one of them is due.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const clock = airssys.clock;
const timers = airssys.timers;
const registry = airssys.registry;
const Span = airssys.tracing.Span;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    airssys.exportMetadata(@This());
    airssys.exportHealth(@This());
    timers.exportHandler(@This());
    abi.exportAs("now", now);
    abi.exportAs("ticks", ticks);
    abi.exportAs("set-alarm", setAlarm);
    abi.exportAs("alarms", alarms);
    abi.exportAs("cancel-alarm", cancelAlarm);
    abi.exportAs("rung", rung);
    abi.exportAs("roll", roll);
    abi.exportAs("nap", nap);
    abi.exportAs("neighbours", neighbours);
}

/// The timer that makes it tick.
const tick = "tick";
/// What the names of the other timers begin with.
const prefix = "alarm/";
const longest_name = 40;

// What it remembers. The timers are not among it: they are the host's.

var name_of_mine: [64]u8 = undefined;
var me: []const u8 = "";
var pace_ms: u64 = 1000;
var ticked: u64 = 0;
var last_tick_ns: u64 = 0;
var latest: Rings = .{};

/// The names of the last eight alarms that rang, in a ring.
const Rings = struct {
    names: [8][longest_name]u8 = undefined,
    lengths: [8]usize = undefined,
    total: usize = 0,

    fn add(self: *Rings, name: []const u8) void {
        const place = self.total % self.names.len;
        self.lengths[place] = @min(name.len, longest_name);
        @memcpy(self.names[place][0..self.lengths[place]], name[0..self.lengths[place]]);
        self.total += 1;
    }

    fn newestFirst(self: *const Rings) []const String {
        const found = abi.items(String, @min(self.total, self.names.len));
        for (found, 1..) |*one, back| {
            const place = (self.total - back) % self.names.len;
            one.* = String.of(self.names[place][0..self.lengths[place]]);
        }
        return found;
    }
};

// lifecycle: a timer that is set here runs as soon as the instance serves, in place of the last instance's.

pub fn init(given: airssys.Config) ?airssys.Error {
    me = std.fmt.bufPrint(&name_of_mine, "{s}", .{given.name}) catch given.name[0..0];
    if (airssys.host.config("tick-ms")) |json| {
        const asked = std.fmt.parseUnsigned(u64, json, 10) catch 0;
        if (asked < 10 or asked > 60_000)
            return airssys.failure(.invalid_config, "tick-ms must be a number from 10 to 60 000");
        pace_ms = asked;
    }
    last_tick_ns = clock.monotonic();
    if (timers.set(tick, pace_ms, pace_ms)) |refused| return refused;
    airssys.host.log(.info, "wound up", &.{airssys.host.field("tick-ms", abi.print("{d}", .{pace_ms}))});
    return null;
}

pub fn shutdown() ?airssys.Error {
    airssys.host.log(.info, "run down", &.{airssys.host.field("ticks", abi.print("{d}", .{ticked}))});
    return null;
}

// timer-handler

pub fn onTimer(name: []const u8) void {
    if (std.mem.eql(u8, name, tick)) return onTick();
    const alarm = if (std.mem.startsWith(u8, name, prefix)) name[prefix.len..] else name;
    latest.add(alarm);
    airssys.host.count("alarms", 1);
    airssys.host.log(.warn, "alarm", &.{airssys.host.field("name", alarm)});
}

fn onTick() void {
    const at = clock.monotonic();
    airssys.host.observe("tick_seconds", @as(f64, @floatFromInt(at -| last_tick_ns)) / 1e9);
    last_tick_ns = at;
    ticked += 1;
    airssys.host.count("ticks", 1);
    airssys.host.gauge("alarms_set", @floatFromInt(timers.list().len -| 1));
}

// health: the ticks are the pulse.

pub fn check() airssys.Health {
    const quiet_ms = (clock.monotonic() -| last_tick_ns) / 1_000_000;
    if (quiet_ms <= 5 * pace_ms + 1000) return .{ .status = .healthy };
    return .{ .status = .degraded, .message = abi.print("no tick for {d} ms", .{quiet_ms}) };
}

// metadata

pub fn describe() airssys.Metadata {
    return .{ .title = "Clockwork", .description = "Ticks, rings alarms that outlive a reload, and rolls dice." };
}

// The world's own functions.

fn now() callconv(.c) *const clock.Timestamp {
    return abi.keep(clock.now());
}

fn ticks() callconv(.c) u64 {
    return ticked;
}

const Done = abi.Result(abi.Nothing, String);

fn setAlarm(name: [*]const u8, len: usize, after: u64, repeats: u32, every: u64) callconv(.c) *const Done {
    if (len == 0 or len > longest_name)
        return abi.keep(Done.err(String.of("the name of an alarm has 1 to 40 bytes")));
    const refused = timers.set(timerOf(name[0..len]), after, if (repeats != 0) every else null);
    return abi.keep(if (refused) |reason| Done.err(reason.text) else Done.ok(.{}));
}

fn cancelAlarm(name: [*]const u8, len: usize) callconv(.c) bool {
    return timers.cancel(timerOf(name[0..len]));
}

fn timerOf(alarm: []const u8) []const u8 {
    return abi.print("{s}{s}", .{ prefix, alarm });
}

/// `alarm`: a record of the world, and a timer without its prefix.
fn alarms() callconv(.c) *const abi.List(timers.Timer) {
    const all = timers.list();
    const found = abi.items(timers.Timer, all.len);
    var count: usize = 0;
    for (all) |timer| {
        if (!std.mem.startsWith(u8, timer.name.slice(), prefix)) continue;
        found[count] = timer;
        found[count].name = String.of(timer.name.slice()[prefix.len..]);
        count += 1;
    }
    return abi.keep(abi.List(timers.Timer).of(found[0..count]));
}

fn rung() callconv(.c) *const abi.List(String) {
    return abi.keep(abi.List(String).of(latest.newestFirst()));
}

fn roll(dice: u32, sides: u32) callconv(.c) *const abi.Result(abi.List(u32), String) {
    const Rolled = abi.Result(abi.List(u32), String);
    const step = Span.start("roll");
    defer step.end();
    if (dice < 1 or dice > 100 or sides < 1 or sides > 1000) {
        const why = "1 to 100 dice with 1 to 1 000 sides";
        step.fail(why);
        return abi.keep(Rolled.err(String.of(why)));
    }
    const shown = abi.items(u32, dice);
    for (shown, 1..) |*side, number| {
        const die = step.within(abi.print("die {d}", .{number}));
        side.* = 1 + below(sides);
        die.annotate("side", abi.print("{d}", .{side.*}));
        die.end();
    }
    airssys.host.count("dice", dice);
    return abi.keep(Rolled.ok(abi.List(u32).of(shown)));
}

/// A number below `bound`, each equally likely: what would favour the small ones is thrown away.
fn below(bound: u64) u32 {
    const fair = std.math.maxInt(u64) - std.math.maxInt(u64) % bound;
    while (true) {
        const number = airssys.host.random();
        if (number < fair) return @intCast(number % bound);
    }
}

fn nap(ms: u32) callconv(.c) *const abi.Result(u64, String) {
    const Napped = abi.Result(u64, String);
    const start = clock.monotonic();
    if (clock.sleep(ms)) |reason| return abi.keep(Napped.err(reason.text));
    return abi.keep(Napped.ok(clock.monotonic() - start));
}

/// `neighbour`: a record of the world.
const Neighbour = extern struct { name: String, state: registry.State, health: registry.Health };

fn neighbours() callconv(.c) *const abi.List(Neighbour) {
    var found = abi.items(Neighbour, 100);
    var count: usize = 0;
    for (registry.list()) |id| {
        if (count == found.len) break;
        if (std.mem.eql(u8, id.name.slice(), me)) continue;
        const info = registry.describe(id) orelse continue;
        const name = abi.print("{s}/{s}", .{ id.namespace.slice(), id.name.slice() });
        found[count] = .{ .name = String.of(name), .state = info.state, .health = info.health };
        count += 1;
    }
    return abi.keep(abi.List(Neighbour).of(found[0..count]));
}
