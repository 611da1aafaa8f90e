# A plan asks for armed officers: the nearest who is, not the nearest; who refused is sent again only by hand.
town: unit U05 {capabilities = ["patrol", "armed"]}
town: plan robbery {units = [{capability = "armed", count = 1, within_min = 30.0}], posts = {count = 0}, notify_group = false}
08:00:00  P001 presses robbery a1
          incident I1 robbery at 银行1, by P001
          order I1-1 to U05 respond, eta 281 s
          I1 dispatched
          receipt to P001 for a1: I1
08:00:05  U05 refuses I1-1 weapon in the safe
          I1-1 refused: weapon in the safe
          I1 lacks 1 unit:armed
          I1 pending
08:00:30  operator sends U05 to I1 because weapon fetched
          order I1-2 to U05 respond, eta 281 s
          I1 dispatched
          I1 lacks nothing
08:00:40  operator sends U04 to I1 because U05 needs time
          order I1-3 to U04 respond, eta 264 s
08:00:42  U05 accepts I1-2
          I1-2 accepted
08:00:45  U04 accepts I1-3
          I1-3 accepted
