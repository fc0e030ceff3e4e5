// Package transfers moves people between schools on their own request (F-19, F-22, F-23).
//
// A request is pending until it is completed, rejected, cancelled or expired. A teacher's takes the receiving school's
// approval; a pupil's takes both schools', in either order. It promises:
//
//   - Nobody but the person, or a pupil's guardian, can begin one, and there is one open request per person at a time.
//   - The entry moves in the transaction of the last approval that is needed, if it still stands where it stood and the
//     person is still bound to it; otherwise the request is cancelled and says so.
//   - The person sees each step: who must act, since when and until when. What the schools leave unanswered for the days
//     allowed is handed up to the county, and ends after the days that a request may live.
//   - Each step is recorded, and told to the person, and to the guardians of a pupil under fourteen; that a request is moot is told
//     where it is read. One of those guardians may object, with a reason: the schools that have yet to answer read it with the request,
//     and approve such a one by itself alone.
//
// Doors for other rooms: [Service.OpenOf], [Service.WaitingIn], [Service.Desk], [Service.DeskCounts], [Service.AllOf], [Service.Forsake], [Service.Succeed].
package transfers
