result = context.people.size()
