# A caller's report and an operator's confirmation, repeated by the network, count once.
08:00:00  caller 139 reports notice_only c1 at 2 2
          incident I1 notice_only at 路口, by 139
          I1 lacks 1 confirmation
08:00:02  again 139
08:00:10  operator confirms I1
          I1 lacks nothing
          order I1-1 to U02 respond, eta 0 s
          I1 dispatched
08:00:11  operator confirms I1
          reject to operator: incident I1
