package identity

import "strings"

// Codes of the problems that the other numbers can have.
const (
	CodePhoneRequired       = "phone_empty"
	CodePhoneLength         = "phone_length"     // not 11 digits; args: have
	CodePhoneCharacters     = "phone_characters" // something else than digits
	CodePhonePrefix         = "phone_prefix"     // does not begin with 1
	CodeStudentNumber       = "student_number_format"
	CodeStudentNumberFloat  = "student_number_float"
	CodeCertificateNumber   = "certificate_number_format"
	CodeCertificateFloat    = "certificate_number_float"
	CodeSchoolCode          = "school_code_format"
	mobileLength            = 11
	studentNumberLength     = 19
	certificateNumberLength = 17
	schoolCodeLength        = 10
)

// ParseMobile reads a mobile number of the Chinese mainland: 11 digits beginning with 1, after +86, 0086, white space,
// hyphens and brackets have been taken away.
func ParseMobile(text string) (string, *Problem) {
	s := foldNumber(text)
	for _, prefix := range []string{"+86", "0086"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			s = rest
			break
		}
	}
	if len(s) == mobileLength+2 {
		s = strings.TrimPrefix(s, "86")
	}
	switch {
	case s == "":
		return "", problem(CodePhoneRequired)
	case !allDigits(s):
		return "", problem(CodePhoneCharacters)
	case len(s) != mobileLength:
		return "", &Problem{Code: CodePhoneLength, Args: map[string]any{"have": len(s)}}
	case s[0] != '1':
		return "", problem(CodePhonePrefix)
	}
	return s, nil
}

// ParseStudentNumber reads a national student number (学籍号): G, J or L and 18 characters. It is compared as text: a G
// number may differ from its pupil's ID number, and L and J numbers have no check digit.
func ParseStudentNumber(text string) (string, *Problem) {
	s := foldNumber(text)
	if LooksLikeFloat(text) {
		return "", problem(CodeStudentNumberFloat)
	}
	if len(s) != studentNumberLength || (s[0] != 'G' && s[0] != 'J' && s[0] != 'L') || !allAlnum(s) {
		return "", problem(CodeStudentNumber)
	}
	return s, nil
}

// ParseCertificateNumber reads a teacher certificate number (教师资格证编号): 17 digits. The digits' meaning is not checked:
// none of them is a reason to refuse a teacher.
func ParseCertificateNumber(text string) (string, *Problem) {
	s := foldNumber(text)
	if LooksLikeFloat(text) {
		return "", problem(CodeCertificateFloat)
	}
	if len(s) != certificateNumberLength || !allDigits(s) {
		return "", problem(CodeCertificateNumber)
	}
	return s, nil
}

// ParseSchoolCode reads a school code (学校标识码): 10 digits.
func ParseSchoolCode(text string) (string, *Problem) {
	s := foldNumber(text)
	if len(s) != schoolCodeLength || !allDigits(s) {
		return "", problem(CodeSchoolCode)
	}
	return s, nil
}
