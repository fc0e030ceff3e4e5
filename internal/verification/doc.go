// Package verification links accounts to people of the real-name registry and parts them again (F-15 to F-21).
//
// It owns bindings (one entry, one account: the primary key decides, whatever the interleaving), guardian links (a
// parent's account and a pupil's entry, several of either) and the rule of what proves who one is. It promises:
//
//   - What the registry is not needed for is told at once and precisely; what the registry is needed for is told only to
//     those who know the number and the name. A pair that does not match answers the same, after the same time,
//     whichever half is wrong, and only so many times.
//   - The same claim made again answers the same binding.
//   - Unbinding takes the link away and nothing else.
//
// Doors for other rooms: [Service.StandingOf], [Service.BindingOf], [Service.HoldersOf], [Service.Match], [Hold], [Service.HoldAll], [Service.Bind],
// [Service.Unbind], [Service.PartAll], [Service.Follow].
package verification
