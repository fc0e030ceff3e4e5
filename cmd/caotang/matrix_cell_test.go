package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/recovery"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/verification"
)

// cell makes what one request of the matrix needs, afresh each time: requests change things.
type cell struct {
	t     *testing.T
	world *roomtest.World
	app   *app
	count int

	classes int
	headed  string // see headedClass
}

// newCell makes the whole program on an empty database.
func newCell(t *testing.T) *cell {
	t.Helper()
	d := dbtest.OpenSQLite(t)
	w := roomtest.New(t, d, roomtest.Rules())
	var defaults commands
	parser, err := kong.New(&defaults, kong.Configuration(kong.JSON))
	if err != nil {
		t.Fatal(err)
	}
	// All of the matrix comes from one address, where some of it fails by intent.
	if _, err := parser.Parse([]string{"serve", "--log-level=error", "--captcha-address=0", "--second-factor=none"}); err != nil {
		t.Fatal(err)
	}
	serve := defaults.Serve
	a, err := newApp(d, w.Vault, appOptions{
		storage: storage{Data: t.TempDir()}, limits: serve.limits, serving: serve.serving, messages: io.Discard, logs: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &cell{t: t, world: w, app: a}
}

func (c *cell) next() int { c.count++; return c.count }

func (c *cell) name() string   { return fmt.Sprintf("nobody%06d", c.next()) }
func (c *cell) phone() string  { return fmt.Sprintf("138909%05d", c.next()) }
func (c *cell) number() string { return roomtest.IDNumber(c.next()) }

func (c *cell) entry() roster.Entry { return c.entryOf(roster.Student) }

func (c *cell) entryOf(kind string) roster.Entry {
	return c.world.Entry(c.t, roster.NewEntry{Kind: kind, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID})
}

// emptySchool is a school of the county that nothing stands at, always by the same code.
func (c *cell) emptySchool() string {
	id := ""
	c.world.InTx(c.t, func(tx *db.Tx) error {
		if _, err := tx.Exec(c.t.Context(), `DELETE FROM schools WHERE code = $1`, emptyCode); err != nil {
			return err
		}
		school, err := c.world.Roster.CreateSchool(c.t.Context(), tx, roster.NewSchool{Code: emptyCode, Name: "新校", Region: "510104"})
		id = school.ID
		return err
	})
	return id
}

const emptyCode = "3151999999"

func (c *cell) class() string { return c.world.Class(c.t, c.world.Here.ID, c.classNumber()).ID }

func (c *cell) classNumber() int { c.classes++; return c.classes }

// fullClass is a class with a pupil.
func (c *cell) fullClass() string {
	class := c.class()
	c.world.Entry(c.t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID, ClassID: class})
	return class
}

// asked is a request to be the guardian of a pupil in a class of c.teaches, which waits.
func (c *cell) asked() string {
	p := c.world.Person(c.t, "parent")
	claim := c.claim(c.pupilOf(c.headedClass()))
	claim["kind"] = "parent"
	answer := roomtest.Do(c.t, c.app.server, p.Token, http.MethodPost, "/api/v1/me/binding", claim)
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// guardian is a guardian's link to such a pupil.
func (c *cell) guardian() string {
	id := c.asked()
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := c.world.Verification.ConfirmGuardian(c.t.Context(), tx, id, verification.BySchool)
		return err
	})
	return id
}

// slip is a code that works, of somebody else.
func (c *cell) slip() string {
	admin := c.world.Administrator(c.t, access.School, c.world.Here.ID)
	actor, err := c.world.Accounts.Resolve(c.t.Context(), admin.Token)
	if err != nil {
		c.t.Fatal(err)
	}
	sheets, err := c.world.Slips.Print(access.WithActor(c.t.Context(), actor), slips.Order{Group: slips.Group{ClassID: c.fullClass()}})
	if err != nil {
		c.t.Fatal(err)
	}
	return sheets.Slips[0].Code
}

func (c *cell) pupilOf(class string) roster.Entry {
	return c.world.Entry(c.t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID, ClassID: class})
}

// together is a pupil who is to go to another school of the county.
func (c *cell) together() any {
	return object{"from_school_id": c.world.Here.ID, "to_school_id": c.world.Nearby.ID, "entry_ids": []string{c.entry().ID}, "confirmed": 1}
}

// move is such a move, which has begun.
func (c *cell) move() string {
	county := c.world.Administrator(c.t, access.County, "510104")
	answer := roomtest.Do(c.t, c.app.server, county.Token, http.MethodPost, "/api/v1/admin/moves", c.together())
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// headedClass is the class whose class teacher the column "class" is.
func (c *cell) headedClass() string {
	if c.headed == "" {
		c.headed = c.class()
	}
	return c.headed
}

func (c *cell) account() string {
	p := c.world.Person(c.t, "student")
	c.world.Bind(c.t, p, c.entry(), roster.Student)
	return p.ID
}

// factor makes an account with a second factor.
func (c *cell) factor() string {
	id := c.account()
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := tx.Exec(c.t.Context(), `INSERT INTO authenticators (account_id, secret_sealed, last_step, created_at) VALUES ($1, $2, 0, $3)`,
			id, c.world.Vault.Seal("authenticator", "JBSWY3DPEHPK3PXP"), db.Now())
		return err
	})
	return id
}

// frozen is an account that its owner has frozen.
func (c *cell) frozen() string {
	id := c.account()
	texts := c.world.Texts(c.t, c.phoneOf(id))
	_, token, _ := strings.Cut(texts[0], "/n#")
	if a := roomtest.Do(c.t, c.app.server, "", http.MethodPost, "/api/v1/notice-links/freeze", object{"token": token}); a.Status != 200 {
		c.t.Fatal(a)
	}
	return id
}

func (c *cell) phoneOf(accountID string) string {
	phone, err := c.world.Accounts.PhoneOf(c.t.Context(), c.world.DB, accountID)
	if err != nil {
		c.t.Fatal(err)
	}
	return phone
}

func (c *cell) missing() object {
	return object{"kind": "missing_entry", "school_id": c.world.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": c.number(), "name": "李雷"}
}

func (c *cell) ticket() string {
	answer := roomtest.Do(c.t, c.app.server, c.world.Person(c.t, "student").Token, http.MethodPost, "/api/v1/me/tickets", c.missing())
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// transfer is a pupil's request to leave Here for the school of another city, whose administrators may answer it too.
func (c *cell) transfer() string {
	p := c.world.Person(c.t, "student")
	c.world.Bind(c.t, p, c.entry(), roster.Student)
	answer := roomtest.Do(c.t, c.app.server, p.Token, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": c.world.Elsewhere.ID, "reason": "搬家"})
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// look is somebody's request to see the numbers of a pupil of the school.
func (c *cell) look() string {
	asker := c.world.Administrator(c.t, access.Province, "510000")
	answer := roomtest.Do(c.t, c.app.server, asker.Token, http.MethodPost, "/api/v1/admin/registry/"+c.entry().ID+"/looks", object{"reason": "核对"})
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// lost is what a pupil of the school types who lost their account, with a code that came to their phone.
func (c *cell) lost(proof string) object {
	e, phone := c.entry(), c.phone()
	if _, err := c.app.db.Exec(c.t.Context(), `UPDATE recoveries SET address = ''`); err != nil { // all come from one
		c.t.Fatal(err)
	}
	c.world.Bind(c.t, c.world.Person(c.t, "student"), e, roster.Student)
	c.must(202, "POST", "/api/v1/sms-codes", object{"phone": phone, "purpose": "recover_account"})
	_, code := c.world.Text(c.t, phone, "recover_account")
	o := c.claim(e)
	o["phone"], o["sms_code"], o["proof"] = phone, code, proof
	return o
}

// must makes a request as nobody.
func (c *cell) must(status int, method, path string, body any) roomtest.Answer {
	a := roomtest.Do(c.t, c.app.server, "", method, path, body)
	if a.Status != status {
		c.t.Fatalf("%s %s: %v", method, path, a)
	}
	return a
}

func (c *cell) collecting() string {
	return c.must(201, "POST", "/api/v1/recoveries", c.lost("copies")).Get("tracking_number").(string)
}

// vouching is the id of a request that the school decides.
func (c *cell) vouching() string {
	return c.recovery(c.must(201, "POST", "/api/v1/recoveries", c.lost("school")).Get("tracking_number").(string))
}

// withCopies is the id of a request that customer service decides.
func (c *cell) withCopies() string {
	number := c.collecting()
	for _, name := range []recovery.Copy{recovery.IDCard, recovery.Certificate} {
		if _, err := c.app.recovery.Receive(c.t.Context(), number, name, strings.NewReader(paper)); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.app.recovery.Submit(c.t.Context(), number); err != nil {
		c.t.Fatal(err)
	}
	return c.recovery(number)
}

func (c *cell) recovery(number string) (id string) {
	if err := c.app.db.QueryRow(c.t.Context(), `SELECT id FROM recoveries WHERE number_index = $1`, c.world.Vault.Index("recovery_number", number)).Scan(&id); err != nil {
		c.t.Fatal(err)
	}
	return id
}

const paper = "%PDF-1.4\n%%EOF\n"

func (c *cell) copy() form { return c.formWith("copy.pdf", []byte(paper), nil) }
func (c *cell) claim(e roster.Entry) object {
	number, err := c.app.roster.IDNumber(e)
	if err != nil {
		c.t.Fatal(err)
	}
	return object{"kind": e.Kind, "id_type": e.IDType, "id_number": number, "name": e.Name}
}

func (c *cell) cohort(more object) object {
	more["school_id"], more["stage"], more["entry_year"] = c.world.Here.ID, "junior", roster.SchoolYear(time.Now())-1
	return more
}

func (c *cell) csv() []byte {
	return []byte("姓名,身份证号\n林涛," + c.number() + "\n魏华,1\n")
}

func (c *cell) rosterImport() string {
	content := c.csv()
	result, err := c.app.roster.Import(c.t.Context(), roster.ImportSource{
		ReaderAt: bytes.NewReader(content), Size: int64(len(content)), Filename: "roster.csv", Kind: roster.Student, SchoolID: c.world.Here.ID,
	}, func(roster.Progress) {})
	if err != nil {
		c.t.Fatal(err)
	}
	return result.ID
}

// duplicate is a pair of entries of the school that may be one person.
func (c *cell) duplicate() string {
	id, first, second := db.NewID(), c.entry().ID, c.entry().ID
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := tx.Exec(c.t.Context(), `INSERT INTO duplicates (id, first_id, second_id, searched, why, dismissed_by, found_at) VALUES ($1, $2, $3, $4, 'number', '', 0)`,
			id, first, second, c.world.Here.ID)
		return err
	})
	return id
}

// form is a multipart body.
type form struct {
	contentType string
	content     []byte
}

func (c *cell) upload() form {
	return c.formWith("roster.csv", c.csv(), map[string]string{"kind": roster.Student, "school_id": c.world.Here.ID})
}

func (c *cell) formWith(filename string, bytesOfFile []byte, fields map[string]string) form {
	var content bytes.Buffer
	w := multipart.NewWriter(&content)
	file, err := w.CreateFormFile("file", filename)
	if err == nil {
		_, err = file.Write(bytesOfFile)
	}
	for name, value := range fields {
		if err == nil {
			err = w.WriteField(name, value)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return form{w.FormDataContentType(), content.Bytes()}
}

// actor makes somebody of a column.
func (c *cell) actor(role string) roomtest.Person {
	w := c.world
	switch role {
	case "anon":
		return roomtest.Person{}
	case "must":
		return w.Newcomer(c.t, "student")
	case "ready":
		return w.Person(c.t, "student")
	case "pupil", "teach":
		kind := map[string]string{"pupil": roster.Student, "teach": roster.Teacher}[role]
		p := w.Person(c.t, kind)
		w.Bind(c.t, p, c.entryOf(kind), kind)
		return p
	case "class":
		p, e, class := w.Person(c.t, roster.Teacher), c.entryOf(roster.Teacher), c.headedClass()
		w.Bind(c.t, p, e, roster.Teacher)
		w.InTx(c.t, func(tx *db.Tx) error {
			_, err := tx.Exec(c.t.Context(), `INSERT INTO class_teachers (class_id, entry_id, head) VALUES ($1, $2, true)`, class, e.ID)
			return err
		})
		return p
	case "parent":
		p := w.Person(c.t, "parent")
		w.Bind(c.t, p, c.entryOf(roster.Student), "parent")
		return p
	case "own":
		return w.Administrator(c.t, access.School, w.Here.ID)
	case "other":
		return w.Administrator(c.t, access.School, w.Nearby.ID)
	case "county":
		return w.Administrator(c.t, access.County, "510104")
	case "city":
		return w.Administrator(c.t, access.City, "510100")
	case "prov":
		return w.Administrator(c.t, access.Province, "510000")
	case "else":
		return w.Administrator(c.t, access.City, "510300")
	case "serv":
		return w.Administrator(c.t, access.Service, "510000")
	}
	c.t.Fatalf("no such column: %s", role)
	return roomtest.Person{}
}

func (c *cell) call(op server.Op, how request, role string) *httptest.ResponseRecorder {
	path := strings.Replace(op.Path, "{copy}", "id_card", 1)
	if begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}'); begin >= 0 {
		path = path[:begin] + how.target(c) + path[end+1:]
	}
	var body form
	if how.body != nil {
		content := how.body(c)
		multi, isForm := content.(form)
		if body = multi; !isForm {
			text, err := json.Marshal(content)
			if err != nil {
				c.t.Fatal(err)
			}
			body = form{"application/json", text}
		}
	}
	query := how.query
	if how.queryOf != nil {
		query = how.queryOf(c)
	}
	if how.number != nil {
		query = "?number=" + how.number(c)
	}
	r := httptest.NewRequestWithContext(context.Background(), op.Method, path+query, bytes.NewReader(body.content))
	if body.contentType != "" {
		r.Header.Set("Content-Type", body.contentType)
	}
	if how.origin != "" {
		r.Header.Set("Origin", how.origin)
		r.Host = strings.TrimPrefix(how.origin, "http://")
	}
	if p := c.actor(role); p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	recorded := httptest.NewRecorder()
	c.app.server.ServeHTTP(recorded, r)
	if recorded.Code >= 500 {
		c.t.Errorf("%s as %s: %d %s", op.ID, role, recorded.Code, recorded.Body)
	}
	return recorded
}
