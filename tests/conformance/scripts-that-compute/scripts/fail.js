if (context.how === 'loop') { while (true) {} }
if (context.how === 'deep') { (function again() { again(); })(); }
if (context.how === 'host') { result = [typeof fetch, typeof require, typeof process, typeof setTimeout]; }
if (context.how === 'eval') { eval('1'); }
if (context.how === 'throw') { throw new Error('no such thing'); }
