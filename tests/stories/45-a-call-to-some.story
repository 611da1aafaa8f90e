# To an area, to a group, to posts alone; a call that reaches nobody is refused.
town: area A1 from 0 0 to 2.5 2.5
town: area A2 from 20 20 to 21 21
08:00:00  operator calls area A1 notice road closed at noon
          notice N1 to U01, U02, P001, P002: road closed at noon
08:00:10  operator calls group G1 notice posts lock the side doors
          notice N2 to 5 responders: lock the side doors
08:00:20  operator calls all notice posts watch for a white van
          notice N3 to 5 responders: watch for a white van
08:00:30  operator calls area A2 notice nobody is there
          reject to operator: kinds
08:00:40  operator calls area A9 notice no such area
          reject to operator: area A9
