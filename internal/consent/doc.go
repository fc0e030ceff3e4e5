// Package consent is the room of what goes beyond schooling, and takes the consent of a guardian for a pupil under fourteen.
//
// It owns consent_records and consent_links, and the texts. It promises:
//
//   - Nothing of schooling ever asks for it: [Service.Given] is for rooms that show or hand on something beyond the class.
//   - Each record holds the version of the text and its hash, the purpose, when, by what channel and who; none is changed, and the
//     latest stands. A new version of a text asks again; what was said to the one before is kept, and counts no more.
//   - It is asked for in the guardian's space, by a link that comes by SMS, works once and ends after a week, and on the child's slip; and
//     withdrawn as easily, at any time.
//   - What a guardian gave counts as long as they are one: with the end of custody it ends.
//   - The school and the class teacher see how many, and what stands for whom, to which version, since when and by what channel; they
//     never force it, and remind each guardian once a week at most.
//
// Door for other rooms: [Service.Given].
package consent
