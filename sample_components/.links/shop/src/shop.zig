//! Sells things. The carts are resources of another component; here lives only a handle for each customer.

const std = @import("std");
const abi = @import("airssys").abi;

/// Owns a cart of the other component until it is dropped or passed on.
const Handle = i32;

const carts = struct {
    extern "demo:shop/carts@1.0.0" fn @"[constructor]cart"() Handle;
    extern "demo:shop/carts@1.0.0" fn @"[method]cart.put"(cart: Handle, cents: u32, count: u32) u64;
    extern "demo:shop/carts@1.0.0" fn @"[method]cart.total"(cart: Handle) u64;
    extern "demo:shop/carts@1.0.0" fn @"[static]cart.merge"(one: Handle, other: Handle) Handle;
    extern "demo:shop/carts@1.0.0" fn @"[resource-drop]cart"(cart: Handle) void;
};

comptime {
    abi.exportAs("buy", buy);
    abi.exportAs("total", total);
    abi.exportAs("join", join);
    abi.exportAs("pay", pay);
}

const Article = struct { name: []const u8, cents: u32 };
const articles = [_]Article{
    .{ .name = "bread", .cents = 350 },
    .{ .name = "cheese", .cents = 420 },
    .{ .name = "apple", .cents = 40 },
};

const longest_name = 32;

const Customer = struct {
    name: [longest_name]u8 = undefined,
    len: usize = 0,
    cart: Handle = 0,

    fn is(self: *const Customer, name: []const u8) bool {
        return std.mem.eql(u8, self.name[0..self.len], name);
    }

    /// Forget a customer whose cart belongs to somebody else now.
    fn leave(self: *Customer) void {
        self.len = 0;
    }
};

var customers: [16]Customer = @splat(.{});

const Answer = abi.Result(u64, abi.String);

fn failed(comptime format: []const u8, arguments: anytype) *const Answer {
    return abi.keep(Answer.err(abi.String.of(abi.print(format, arguments))));
}

fn find(name: []const u8) ?*Customer {
    if (name.len == 0) return null;
    for (&customers) |*customer| if (customer.is(name)) return customer;
    return null;
}

fn welcome(name: []const u8) ?*Customer {
    if (find(name)) |customer| return customer;
    if (name.len == 0 or name.len > longest_name) return null;
    for (&customers) |*customer| if (customer.len == 0) {
        customer.cart = carts.@"[constructor]cart"();
        @memcpy(customer.name[0..name.len], name);
        customer.len = name.len;
        return customer;
    };
    return null;
}

fn buy(
    name: [*]const u8,
    name_len: usize,
    article: [*]const u8,
    article_len: usize,
    count: u32,
) callconv(.c) *const Answer {
    const cents = for (articles) |each| {
        if (std.mem.eql(u8, each.name, article[0..article_len])) break each.cents;
    } else return failed("there is no {s}: buy bread, cheese or apple", .{article[0..article_len]});
    const customer = welcome(name[0..name_len]) orelse return failed("there is no cart for this customer", .{});
    return abi.keep(Answer.ok(carts.@"[method]cart.put"(customer.cart, cents, count)));
}

fn total(name: [*]const u8, len: usize) callconv(.c) *const Answer {
    const customer = find(name[0..len]) orelse return failed("{s} has no cart", .{name[0..len]});
    return abi.keep(Answer.ok(carts.@"[method]cart.total"(customer.cart)));
}

fn join(name: [*]const u8, len: usize, other: [*]const u8, other_len: usize) callconv(.c) *const Answer {
    const one = find(name[0..len]) orelse return failed("{s} has no cart", .{name[0..len]});
    const two = find(other[0..other_len]) orelse return failed("{s} has no cart", .{other[0..other_len]});
    if (one == two) return failed("these are one cart", .{});
    one.leave();
    two.cart = carts.@"[static]cart.merge"(two.cart, one.cart);
    return abi.keep(Answer.ok(carts.@"[method]cart.total"(two.cart)));
}

fn pay(name: [*]const u8, len: usize) callconv(.c) *const Answer {
    const customer = find(name[0..len]) orelse return failed("{s} has no cart", .{name[0..len]});
    const paid = carts.@"[method]cart.total"(customer.cart);
    carts.@"[resource-drop]cart"(customer.cart);
    customer.leave();
    return abi.keep(Answer.ok(paid));
}
