/* The fan-out as Python sees it: frames go to the sockets of many readers in one call.

   What holds here, and why it is safe: the caller is the thread of the event loop, which alone
   closes sockets, and it stays in `Writer.write` from the question whether a transport is open and
   empty until its bytes are sent. So a descriptor cannot have been closed and given to somebody
   else in between, and nothing that a transport keeps can be overtaken. */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compose.h"
#include "helpers.h"

enum {
    MOST_BYTES = 0x7ffff000, /* that Linux takes in one call */
    AHEAD = 16,              /* readers whose memory is fetched before it is needed */
    LINE_BYTES = 64,         /* of the processor's cache */
    TRANSPORT_LINES = 4,     /* of a transport, in which uvloop's have what is asked for */
};

/* Whose job it is: the job's neighbour in another array, so that threads read only what they need. */
struct owner {
    PyObject *reader; /* borrowed: compared, and never looked at */
    PyObject *target; /* owned */
    Py_ssize_t bunch;
};

typedef struct {
    PyObject_HEAD
    pid_t process; /* that the threads and the ring belong to */
    bool writing;
    struct sender own;
    struct helpers helpers;
    size_t count, room; /* of both arrays */
    size_t held;        /* of the targets in them */
    struct job *jobs;
    struct owner *owners;
    unsigned char *seen; /* bits: descriptors that stand in this call already */
    size_t seen_bytes;
} Writer;

static bool make_room(Writer *writer)
{
    size_t room = writer->room == 0 ? 1024 : 2 * writer->room;
    struct job *jobs = realloc(writer->jobs, room * sizeof *jobs);
    if (jobs == NULL) {
        return false;
    }
    writer->jobs = jobs;
    struct owner *owners = realloc(writer->owners, room * sizeof *owners);
    if (owners == NULL) {
        return false;
    }
    writer->owners = owners;
    writer->room = room;
    return true;
}

/* Note that a descriptor stands in this call; tell whether it did before: 1, 0, or -1 and MemoryError.

   Of two frames for one socket the first may be taken in part, and the second whole. */
static int was_seen(Writer *writer, int fd)
{
    size_t place = (size_t)fd / 8;
    unsigned char bit = (unsigned char)(1u << (fd % 8));
    if (place >= writer->seen_bytes) {
        size_t bytes = 2 * place + 512;
        unsigned char *seen = realloc(writer->seen, bytes);
        if (seen == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        memset(seen + writer->seen_bytes, 0, bytes - writer->seen_bytes);
        writer->seen = seen;
        writer->seen_bytes = bytes;
    }
    if (writer->seen[place] & bit) {
        return 1;
    }
    writer->seen[place] |= bit;
    return 0;
}

/* Tell what a call without arguments answers: whether it is `wanted`. 1, 0, or -1 and an error. */
static int answers(PyObject *callable, long wanted)
{
    PyObject *answer = PyObject_CallNoArgs(callable);
    if (answer == NULL) {
        return -1;
    }
    long value = answer == Py_False ? 0 : answer == Py_True ? 1 : PyLong_AsLong(answer);
    Py_DECREF(answer);
    return value == -1 && PyErr_Occurred() ? -1 : value == wanted;
}

static bool is_target(PyObject *target)
{
    return PyTuple_Check(target) && PyTuple_Size(target) == 4;
}

/* Return the descriptor of a target that may be written past its transport; -1 where it may not;
   -2 and an error. */
static int usable_fd(PyObject *target)
{
    if (target == Py_None) {
        return -1;
    }
    if (!is_target(target)) {
        PyErr_SetString(PyExc_TypeError,
                        "a target is (fd, is_closing, buffered_bytes, transport), or None");
        return -2;
    }
    long fd = PyLong_AsLong(PyTuple_GetItem(target, 0));
    if (fd == -1 && PyErr_Occurred()) {
        return -2;
    }
    if (fd < 0 || fd > INT32_MAX) {
        return -1;
    }
    int open = answers(PyTuple_GetItem(target, 1), false);
    int empty = open == 1 ? answers(PyTuple_GetItem(target, 2), 0) : 0;
    if (open < 0 || empty < 0) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -2;
        }
        PyErr_Clear(); /* whoever writes through the transport meets it again */
        return -1;
    }
    return empty == 1 ? (int)fd : -1;
}

static void fetch(const void *memory, int lines)
{
    for (int i = 0; i < lines; i++) {
        __builtin_prefetch((const char *)memory + i * LINE_BYTES);
    }
}

/* Have the parts of a target fetched. The memory of thousands of readers is in no cache: to wait for
   each part singly would take a tenth of the time in which its frame is sent. */
static void fetch_parts(PyObject *target)
{
    if (is_target(target)) {
        for (Py_ssize_t i = 0; i < 3; i++) {
            fetch(PyTuple_GetItem(target, i), 1);
        }
        fetch(PyTuple_GetItem(target, 3), TRANSPORT_LINES);
    }
}

/* Note who is due a bunch's frames; nothing of Python runs here. */
static bool add_bunch(Writer *writer, PyObject *bunch, Py_ssize_t index)
{
    PyObject *readers, *frames, *reader, *target;
    if (!PyTuple_Check(bunch)) {
        PyErr_SetString(PyExc_TypeError, "a bunch is (readers, frames)");
        return false;
    }
    if (!PyArg_ParseTuple(bunch, "O!S;a bunch is (readers, frames)", &PyDict_Type, &readers,
                          &frames)) {
        return false;
    }
    char *bytes;
    Py_ssize_t size, place = 0;
    if (PyBytes_AsStringAndSize(frames, &bytes, &size) < 0) {
        return false;
    }
    uint32_t job_size = (uint32_t)(size < MOST_BYTES ? size : MOST_BYTES);
    while (PyDict_Next(readers, &place, &reader, &target)) {
        if (writer->count == writer->room && !make_room(writer)) {
            PyErr_NoMemory();
            return false;
        }
        fetch(target, 1);
        writer->jobs[writer->count] = (struct job){.bytes = bytes, .size = job_size, .fd = -1};
        writer->owners[writer->count++] = (struct owner){reader, target, index};
    }
    return true;
}

/* Keep the targets alive, whatever their transports do when they are asked. */
static void hold_targets(Writer *writer)
{
    for (size_t i = 0; i < writer->count; i++) {
        if (i + AHEAD < writer->count) {
            fetch(writer->owners[i + AHEAD].target, 1);
        }
        Py_INCREF(writer->owners[i].target);
        writer->held++;
    }
}

static bool ask_transports(Writer *writer)
{
    for (size_t i = 0; i < writer->count; i++) {
        if (i + AHEAD < writer->count) {
            fetch_parts(writer->owners[i + AHEAD].target);
        }
        int fd = usable_fd(writer->owners[i].target);
        int seen = fd < 0 ? 1 : was_seen(writer, fd);
        if (fd == -2 || seen < 0) {
            return false;
        }
        if (!seen) {
            writer->jobs[i].fd = fd;
        }
    }
    return true;
}

static PyObject *readers_of(PyObject *bunches, Py_ssize_t index)
{
    return PyTuple_GetItem(PyTuple_GetItem(bunches, index), 0);
}

static bool changed(void)
{
    PyErr_SetString(PyExc_RuntimeError, "readers came or went while they were written to");
    return false;
}

static bool add_jobs(Writer *writer, PyObject *bunches)
{
    Py_ssize_t count = PyTuple_Size(bunches), readers = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!add_bunch(writer, PyTuple_GetItem(bunches, i), i)) {
            return false;
        }
    }
    hold_targets(writer);
    if (!ask_transports(writer)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        readers += PyDict_Size(readers_of(bunches, i));
    }
    return (size_t)readers == writer->count || changed();
}

/* A walk through the readers of the bunches, in the order of the jobs. */
struct walk {
    Py_ssize_t bunch, place;
    size_t next; /* job */
};

/* Return the reader of a job behind those that were asked for before; NULL and an error where the
   bunch has it no more. */
static PyObject *walk_to(struct walk *walk, const Writer *writer, PyObject *bunches, size_t job)
{
    const struct owner *owner = &writer->owners[job];
    PyObject *reader = NULL, *target;
    if (owner->bunch != walk->bunch) {
        *walk = (struct walk){.bunch = owner->bunch, .next = job};
        while (walk->next > 0 && writer->owners[walk->next - 1].bunch == owner->bunch) {
            walk->next--;
        }
    }
    PyObject *readers = readers_of(bunches, owner->bunch);
    while (walk->next <= job) {
        walk->next++;
        if (!PyDict_Next(readers, &walk->place, &reader, &target)) {
            break;
        }
    }
    if (reader != owner->reader) {
        changed();
        return NULL;
    }
    return reader;
}

/* Return [(bunch, reader, sent)] of the jobs that were not sent whole, in order. */
static PyObject *unsent(const Writer *writer, PyObject *bunches)
{
    struct walk walk = {.bunch = -1};
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < writer->count; i++) {
        const struct job *job = &writer->jobs[i];
        Py_ssize_t sent = job->sent > 0 ? job->sent : 0;
        if (job->fd >= 0 && sent == (Py_ssize_t)job->size && job->size < MOST_BYTES) {
            continue;
        }
        PyObject *reader = walk_to(&walk, writer, bunches, i);
        PyObject *item = NULL;
        if (reader != NULL) {
            item = Py_BuildValue("(nOn)", writer->owners[i].bunch, reader, sent);
        }
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    return list;
}

static void let_go(Writer *writer)
{
    for (size_t i = 0; i < writer->held; i++) {
        int fd = writer->jobs[i].fd;
        if (fd >= 0) {
            writer->seen[fd / 8] = 0;
        }
        if (i + AHEAD < writer->held) {
            fetch(writer->owners[i + AHEAD].target, 1);
        }
        Py_DECREF(writer->owners[i].target);
    }
    writer->held = writer->count = 0;
}

/* In a child of fork(): threads and rings stayed behind. */
static void notice_fork(Writer *writer)
{
    pid_t process = getpid();
    if (process != writer->process) {
        writer->process = process;
        writer->writing = false;
        sender_forget(&writer->own);
        helpers_forget(&writer->helpers);
    }
}

PyDoc_STRVAR(write_doc, "Write each bunch's frames to its readers; return what is left to write.");

static PyObject *Writer_write(Writer *writer, PyObject *argument)
{
    notice_fork(writer);
    if (writer->writing) {
        PyErr_SetString(PyExc_RuntimeError, "another thread is writing");
        return NULL;
    }
    PyObject *bunches = PySequence_Tuple(argument); /* holds the frames while they are sent */
    if (bunches == NULL) {
        return NULL;
    }
    writer->writing = true;
    PyObject *rest = NULL;
    if (add_jobs(writer, bunches)) {
        Py_BEGIN_ALLOW_THREADS
        helpers_send(&writer->helpers, &writer->own, writer->jobs, writer->count);
        Py_END_ALLOW_THREADS
        rest = unsent(writer, bunches);
    }
    let_go(writer);
    writer->writing = false;
    Py_DECREF(bunches);
    return rest;
}

PyDoc_STRVAR(close_doc, "End the threads and give the rings back; what is written later goes by send().");

static PyObject *Writer_close(Writer *writer, PyObject *nothing)
{
    (void)nothing;
    notice_fork(writer);
    if (writer->writing) {
        PyErr_SetString(PyExc_RuntimeError, "another thread is writing");
        return NULL;
    }
    helpers_close(&writer->helpers);
    sender_close(&writer->own);
    Py_RETURN_NONE;
}

static PyObject *Writer_helpers(Writer *writer, void *closure)
{
    (void)closure;
    return PyLong_FromLong(writer->helpers.running);
}

static PyObject *Writer_ring(Writer *writer, void *closure)
{
    (void)closure;
    return PyBool_FromLong(writer->own.has_ring);
}

static PyObject *Writer_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"io_uring", "helpers", NULL};
    int wants_ring = 0, wanted = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$pi:Writer", names, &wants_ring,
                                     &wanted)) {
        return NULL;
    }
    if (wanted < 0 || wanted > MOST_HELPERS) {
        return PyErr_Format(PyExc_ValueError, "helpers: %d; at least 0, at most %d", wanted,
                            (int)MOST_HELPERS);
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Writer *writer = (Writer *)allocate(type, 0); /* all zeros */
    if (writer != NULL) {
        writer->process = getpid();
        writer->own.wants_ring = wants_ring;
        helpers_init(&writer->helpers, wanted, wants_ring);
    }
    return (PyObject *)writer;
}

static void Writer_dealloc(Writer *writer)
{
    PyTypeObject *type = Py_TYPE((PyObject *)writer);
    notice_fork(writer);
    helpers_close(&writer->helpers);
    sender_close(&writer->own);
    free(writer->jobs);
    free(writer->owners);
    free(writer->seen);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(writer);
    Py_DECREF(type);
}

static PyMethodDef writer_methods[] = {
    {"write", (PyCFunction)(void (*)(void))Writer_write, METH_O, write_doc},
    {"close", (PyCFunction)(void (*)(void))Writer_close, METH_NOARGS, close_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef writer_attributes[] = {
    {"helpers", (getter)(void (*)(void))Writer_helpers, NULL, "Threads that run.", NULL},
    {"has_ring", (getter)(void (*)(void))Writer_ring, NULL, "Whether there is a ring.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot writer_slots[] = {
    {Py_tp_doc, "Writes frames to the sockets of many readers, past their transports."},
    {Py_tp_new, (void *)(uintptr_t)Writer_new},
    {Py_tp_dealloc, (void *)(uintptr_t)Writer_dealloc},
    {Py_tp_methods, writer_methods},
    {Py_tp_getset, writer_attributes},
    {0, NULL},
};

static PyType_Spec writer_spec = {
    .name = "feed.native._fan_out.Writer",
    .basicsize = sizeof(Writer),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = writer_slots,
};

PyDoc_STRVAR(refusal_doc, "Return the errno for which io_uring cannot be had here; 0 where it can.");

static PyObject *io_uring_refusal(PyObject *module, PyObject *nothing)
{
    (void)module, (void)nothing;
    struct uring ring;
    int error = uring_open(&ring);
    if (error == 0) {
        uring_close(&ring);
    }
    return PyLong_FromLong(error);
}

static PyMethodDef functions[] = {
    {"compose", (PyCFunction)(void (*)(void))compose, METH_FASTCALL, compose_doc},
    {"io_uring_refusal", io_uring_refusal, METH_NOARGS, refusal_doc},
    {NULL, NULL, 0, NULL},
};

static int fill_module(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&writer_spec);
    int failed = type == NULL ? -1 : PyModule_AddObjectRef(module, "Writer", type);
    Py_XDECREF(type);
    if (failed == 0) {
        failed = PyModule_AddIntMacro(module, MOST_HELPERS);
    }
    if (failed == 0) {
        failed = PyModule_AddStringMacro(module, SOURCES); /* of the build, which see */
    }
    return failed;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)(uintptr_t)fill_module},
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_fan_out",
    .m_doc = "The fan-out's loop, in C.",
    .m_size = 0,
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__fan_out(void)
{
    return PyModuleDef_Init(&module);
}
