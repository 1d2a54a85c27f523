// Exports other types under the same name, so no consumer of the first release can use it.

#define EXPORT(name) __attribute__((export_name("demo:math/adder@1.0.0#" name)))

EXPORT("add") double add(double a, double b) { return a + b; }
