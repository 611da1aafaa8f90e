# What cannot be is refused with its field, and changes nothing.
08:00:05  P001 presses earthquake a1
          reject to P001: type earthquake
08:00:06  U01 accepts I9-9
          reject to U01: order I9-9
08:00:07  U01 is en_route
          reject to U01: status en_route
08:00:08  U01 is dispatched
          reject to U01: status dispatched
08:00:09  operator closes I7 handled
          reject to operator: incident I7
08:00:10  U09 accepts I1-1
          reject to U09: source U09
