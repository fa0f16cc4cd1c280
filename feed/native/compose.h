#ifndef FEED_COMPOSE_H
#define FEED_COMPOSE_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>

extern const char compose_doc[];

/* Make a frame of fragments: `compose(fragments, shape)`; see feed/wire/frame_shape.py. */
PyObject *compose(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

#endif
