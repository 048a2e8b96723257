function sum(numbers) { return numbers.reduce(function (a, b) { return a + b; }, 0); }
