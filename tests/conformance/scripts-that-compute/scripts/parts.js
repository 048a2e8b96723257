var result = {size: 2, parts: ["a", "b"]};
