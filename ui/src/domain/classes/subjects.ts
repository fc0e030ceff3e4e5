/** The school subjects, in the order in which they are shown. */
export const allSubjects = [
  'chinese', 'maths', 'english', 'physics', 'chemistry', 'biology', 'politics', 'history', 'geography', 'science', 'technology',
  'sports', 'music', 'art', 'labour', 'psychology', 'other',
] as const
