package accounts

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"caotang/internal/calendar"

	"caotang/internal/identity"
	"caotang/internal/sheet"
)

// codeNoAccountHeader refuses a file in which no row names the columns that an import needs.
const codeNoAccountHeader = "no_account_header"

// oldHeaderRows is how far down the headings may stand.
const oldHeaderRows = 30

// oldColumn is what a column of a file of old accounts holds.
type oldColumn int

const (
	oldUsername oldColumn = iota
	oldDigest
	oldScheme
	oldSalt
	oldRounds
	oldPhone
	oldCreated
	oldRole
	oldColumnCount
)

// oldHeadings are the headings of the columns, in lower case and without spaces, dashes and underlines.
var oldHeadings = map[string]oldColumn{}

func init() {
	for c, words := range map[oldColumn]string{
		oldUsername: "用户名 账号 账户 帐号 登录名 username user login account",
		oldDigest:   "密码 密码散列 密码哈希 密码摘要 密码密文 passwordhash hash password",
		oldScheme:   "算法 散列算法 加密方式 密码算法 scheme algorithm",
		oldSalt:     "盐 盐值 密码盐 salt",
		oldRounds:   "迭代次数 轮数 iterations rounds",
		oldPhone:    "手机 手机号 手机号码 联系电话 phone mobile",
		oldCreated:  "创建时间 注册时间 注册日期 created createdat registered",
		oldRole:     "身份 角色 用户类型 role type",
	} {
		for word := range strings.FieldsSeq(words) {
			oldHeadings[word] = c
		}
	}
}

var headingNoise = strings.NewReplacer(" ", "", "_", "", "-", "", "　", "", "*", "", "\ufeff", "")

// oldTable is a file of accounts whose headings have been found.
type oldTable struct {
	rows sheet.Rows
	at   [oldColumnCount]int
}

// openOldTable finds the headings on the first sheet that has any, or answers a *sheet.Problem.
func openOldTable(r io.ReaderAt, size int64, limits sheet.Limits) (*oldTable, error) {
	file, err := sheet.Open(r, size, limits)
	if err != nil {
		return nil, err
	}
	for i := range file.Sheets() {
		rows, err := file.Rows(i)
		if err != nil {
			return nil, err
		}
		for range oldHeaderRows {
			row, err := rows.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			if t := (&oldTable{rows: rows}); t.find(row.Cells) {
				return t, nil
			}
		}
		_ = rows.Close()
	}
	return nil, &sheet.Problem{Code: codeNoAccountHeader}
}

func (t *oldTable) find(cells []string) bool {
	for c := range t.at {
		t.at[c] = -1
	}
	for i, cell := range cells {
		if c, known := oldHeadings[headingNoise.Replace(strings.ToLower(cell))]; known && t.at[c] < 0 {
			t.at[c] = i
		}
	}
	return t.at[oldUsername] >= 0 && t.at[oldDigest] >= 0
}

func (t *oldTable) cell(c oldColumn, cells []string) string {
	if i := t.at[c]; i >= 0 && i < len(cells) {
		return cells[i]
	}
	return ""
}

// oldAccount is a row that is good by itself.
type oldAccount struct {
	line     int
	username string
	hash     oldHash
	phone    string // "" when the row has none, or none that can be read
	created  time.Time
	role     string
	notes    []string // codes of what was not understood, and left away

	// What the database will hold of it.
	id, key, phoneKey, sealedHash string
	sealedPhone                   any
	phoneIndex                    []byte
}

// read checks a row by itself; code says why it cannot be taken.
func (t *oldTable) read(row sheet.Row, scheme string) (a oldAccount, code string) {
	a.line, a.username = row.Line, t.username(row.Cells)
	var phone bool
	a.phone, phone = t.phone(row.Cells)
	if code = oldUsernameFault(a.username); code != "" {
		return a, code
	}
	x := hashSource{t.cell(oldScheme, row.Cells), t.cell(oldDigest, row.Cells), t.cell(oldSalt, row.Cells), t.cell(oldRounds, row.Cells)}
	if strings.TrimSpace(x.scheme) == "" {
		x.scheme = scheme
	}
	if a.hash, code = x.read(); code != "" {
		return a, code
	}
	note := func(understood bool, code string) {
		if !understood {
			a.notes = append(a.notes, code)
		}
	}
	note(phone, "old_phone_unreadable")
	var ok bool
	a.created, ok = readCreated(t.cell(oldCreated, row.Cells))
	note(ok, "old_created_unreadable")
	a.role, ok = readRole(t.cell(oldRole, row.Cells))
	note(ok, "old_role_unreadable")
	return a, ""
}

// username is what the person types: the old system's rule is not today's, and whatever it allowed still signs in.
func (t *oldTable) username(cells []string) string {
	return strings.TrimSpace(t.cell(oldUsername, cells))
}

// phone reads the phone; it is not ok when there is one that cannot be read.
func (t *oldTable) phone(cells []string) (phone string, ok bool) {
	text := t.cell(oldPhone, cells)
	if strings.TrimSpace(text) == "" {
		return "", true
	}
	phone, problem := identity.ParseMobile(text)
	return phone, problem == nil
}

// oldUsernameMax is the most characters of a username of the old system: more is no name, but another column.
const oldUsernameMax = 64

func oldUsernameFault(username string) string {
	switch {
	case username == "":
		return "missing"
	case utf8.RuneCountInString(username) > oldUsernameMax:
		return "too_long"
	case !utf8.ValidString(username) || strings.ContainsFunc(username, unicode.IsControl):
		return "bad_character"
	}
	return ""
}

var createdLayouts = []string{
	"2006-01-02 15:04:05", time.RFC3339, "2006-01-02T15:04:05", "2006/1/2 15:04:05", "2006-1-2 15:04", "2006/1/2 15:04", "2006-1-2", "2006/1/2", "20060102",
}

// readCreated reads a time as systems write it, or seconds or milliseconds since 1970; the zero time for none.
func readCreated(text string) (created time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range createdLayouts {
		if created, err := time.ParseInLocation(layout, text, calendar.Shanghai); err == nil {
			return created, true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || len(text) < 9:
		return time.Time{}, false
	case len(text) >= 12:
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}

// readRole answers public for no role, and for one that is not understood.
func readRole(text string) (role string, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return RolePublic, true
	case "教师", "老师", RoleTeacher:
		return RoleTeacher, true
	case "学生", RoleStudent:
		return RoleStudent, true
	case "家长", RoleParent:
		return RoleParent, true
	case "公众", "社会公众", "其他", RolePublic:
		return RolePublic, true
	}
	return RolePublic, false
}

// placeReader knows how far it has been read.
type placeReader struct {
	io.ReaderAt
	at atomic.Int64
}

func (r *placeReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, offset)
	if end := offset + int64(n); end > r.at.Load() {
		r.at.Store(end)
	}
	return n, err
}
