/* Frames in one step: the header, what stands before the fragments, they, and what stands after.
   What is here does the same as `compose` in feed/wire/frame_shape.py, in one copy. */
#include "compose.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    BARE = 0,
    CHUNK = 1, /* of HTTP/1.1; any other header is the first byte of a WebSocket frame */
    MOST_HEADER_BYTES = 24,
    PARTS = 5, /* of a shape */
};

const char compose_doc[] =
    "compose(fragments, shape, /)\n--\n\n"
    "Return a frame of fragments and the length of its envelope; None where that is too long.";

struct bytes {
    const char *data;
    Py_ssize_t length;
};

struct shape {
    struct bytes before, between, after;
    long header;
    Py_ssize_t most_bytes;
};

static bool read_bytes(PyObject *object, struct bytes *bytes)
{
    char *data;
    if (PyBytes_AsStringAndSize(object, &data, &bytes->length) != 0) {
        return false; /* and a TypeError */
    }
    bytes->data = data;
    return true;
}

static bool read_shape(PyObject *object, struct shape *shape)
{
    if (!PyTuple_Check(object) || PyTuple_Size(object) != PARTS) {
        PyErr_SetString(PyExc_TypeError,
                        "a shape is (before, between, after, header, most_bytes)");
        return false;
    }
    if (!read_bytes(PyTuple_GetItem(object, 0), &shape->before) ||
        !read_bytes(PyTuple_GetItem(object, 1), &shape->between) ||
        !read_bytes(PyTuple_GetItem(object, 2), &shape->after)) {
        return false;
    }
    shape->header = PyLong_AsLong(PyTuple_GetItem(object, 3));
    shape->most_bytes = PyLong_AsSsize_t(PyTuple_GetItem(object, 4));
    if (PyErr_Occurred()) {
        return false;
    }
    if (shape->header < 0 || shape->header > UINT8_MAX) {
        PyErr_Format(PyExc_ValueError, "header: %ld; accepted: 0 to 255", shape->header);
        return false;
    }
    return true;
}

/* Return the length of an envelope; -1: it is too long; -2 and an error. */
static Py_ssize_t envelope_length(PyObject *fragments, Py_ssize_t count, const struct shape *shape)
{
    Py_ssize_t length = shape->before.length + shape->after.length;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t more = PyBytes_Size(PyList_GetItem(fragments, i));
        if (more < 0) {
            return -2;
        }
        more += i == 0 ? 0 : shape->between.length;
        if (more > shape->most_bytes - length) {
            return -1;
        }
        length += more;
    }
    return length > shape->most_bytes ? -1 : length;
}

/* Write what stands before an envelope; return its length. */
static size_t write_header(char *header, long kind, uint64_t length)
{
    if (kind == BARE) {
        return 0;
    }
    if (kind == CHUNK) {
        return (size_t)snprintf(header, MOST_HEADER_BYTES, "%llx\r\n", (unsigned long long)length);
    }
    /* RFC 6455 §5.2: seven bits, or 16 or 64 that follow */
    int bytes = length < 126 ? 0 : length <= UINT16_MAX ? 2 : 8;
    header[0] = (char)kind;
    header[1] = (char)(bytes == 0 ? length : bytes == 2 ? 126 : 127);
    for (int i = 0; i < bytes; i++) {
        header[2 + i] = (char)(length >> 8 * (bytes - 1 - i));
    }
    return 2 + (size_t)bytes;
}

static char *put(char *place, const char *data, Py_ssize_t length)
{
    memcpy(place, data, (size_t)length);
    return place + length;
}

static void write_envelope(char *place, PyObject *fragments, Py_ssize_t count,
                           const struct shape *shape)
{
    place = put(place, shape->before.data, shape->before.length);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *fragment = PyList_GetItem(fragments, i);
        if (i > 0) {
            place = put(place, shape->between.data, shape->between.length);
        }
        place = put(place, PyBytes_AsString(fragment), PyBytes_Size(fragment));
    }
    put(place, shape->after.data, shape->after.length);
}

PyObject *compose(PyObject *module, PyObject *const *arguments, Py_ssize_t arguments_count)
{
    (void)module;
    struct shape shape;
    char header[MOST_HEADER_BYTES];
    if (arguments_count != 2 || !PyList_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "compose(fragments, shape): fragments is a list");
        return NULL;
    }
    PyObject *fragments = arguments[0];
    Py_ssize_t count = PyList_Size(fragments);
    if (!read_shape(arguments[1], &shape)) {
        return NULL;
    }
    Py_ssize_t length = envelope_length(fragments, count, &shape);
    if (length < 0) {
        return length == -1 ? Py_NewRef(Py_None) : NULL;
    }
    size_t before = write_header(header, shape.header, (uint64_t)length);
    Py_ssize_t after = shape.header == CHUNK ? 2 : 0;
    PyObject *frame = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)before + length + after);
    if (frame == NULL) {
        return NULL;
    }
    char *place = put(PyBytes_AsString(frame), header, (Py_ssize_t)before);
    write_envelope(place, fragments, count, &shape);
    put(place + length, "\r\n", after);
    return Py_BuildValue("(Nn)", frame, length);
}
