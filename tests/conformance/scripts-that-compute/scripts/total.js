let result = { sum: sum(context.orders.map((order) => order.cost)), label: context.label, sees: Object.keys(context).sort() };
