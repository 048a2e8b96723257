var result = context.people.sort(byAge)[0];
