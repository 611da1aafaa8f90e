# Two incidents wait, one for a dog: the only unit with a dog is far, and is not lost among the nearer ones.
town: unit U06 {capabilities = ["patrol", "dog"]}
town: plan missing_person {priority = 2, name_zh = "走失", name_en = "Missing person", units = [{capability = "dog", count = 1, within_min = 60.0}], posts = {count = 0}, notify_group = false}
08:00:00  U01 is busy
08:00:00  U02 is busy
08:00:00  U03 is busy
08:00:00  U04 is busy
08:00:00  U05 is busy
08:00:00  U06 is busy
08:00:10  caller 139 reports missing_person c1 at 1 1
          incident I1 missing_person at 路口, by 139
          I1 lacks 1 unit:dog
08:00:20  caller 138 reports dispute c2 at 6 6
          incident I2 dispute at 路口, by 138
          I2 lacks 1 unit:patrol
08:00:30  U06 is available
          order I1-1 to U06 respond, eta 2441 s
          I1 lacks nothing
          I1 dispatched
08:00:33  U06 accepts I1-1
          I1-1 accepted
08:00:40  U05 is available
          order I2-1 to U05 respond, eta 61 s
          I2 lacks nothing
          I2 dispatched
08:00:43  U05 accepts I2-1
          I2-1 accepted
