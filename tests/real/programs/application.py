"""A Flask application that is rewritten while it runs."""

from flask import Flask, request

GENERATION = "first"

app = Flask(__name__)


@app.route("/")
def generation():
    return GENERATION


@app.route("/echo", methods=["POST"])
def echo():
    return request.get_data().upper()


@app.route("/fails")
def fails():
    raise RuntimeError("as it was written to")
