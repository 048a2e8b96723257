function byAge(a, b) { return b.age - a.age; }
